//! A picture: quantities as bars, with words beside them.

use std::fmt::Write;

use super::{BOLD, CYAN, DIM};
use crate::words::size;

/// Columns of the longest bar.
const WIDTH: usize = 32;

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Its length, in whatever all bars of a picture have.
    pub length: u64,
    /// The same in words.
    pub amount: String,
    /// What it stands for.
    pub what: String,
    /// A remark after it.
    pub remark: String,
}

impl Bar {
    /// A bar of bytes.
    pub fn bytes(bytes: u64, what: impl Into<String>, remark: impl Into<String>) -> Self {
        Self { length: bytes, amount: size(bytes), what: what.into(), remark: remark.into() }
    }

    /// A bar of seconds.
    pub fn seconds(seconds: u64, what: impl Into<String>, remark: impl Into<String>) -> Self {
        let amount = match seconds {
            0..300 => format!("{seconds} s"),
            _ => format!("{} min {} s", seconds / 60, seconds % 60),
        };
        Self { length: seconds, amount, what: what.into(), remark: remark.into() }
    }
}

/// A title, rows of name and value, and bars in proportion.
pub fn draw(title: &str, rows: &[(String, String)], bars: &[Bar]) -> String {
    let mut text = format!("\n{BOLD}{title}{BOLD:#}\n");
    let name_width = rows.iter().map(|(n, _)| n.chars().count()).max().unwrap_or_default();
    for (name, value) in rows {
        let _ = writeln!(text, "  {DIM}{name:<name_width$}{DIM:#}  {value}");
    }
    let longest = bars.iter().map(|b| b.length).max().unwrap_or_default().max(1);
    for bar in bars {
        let eighths = bar.length.saturating_mul(WIDTH as u64 * 8).div_ceil(longest);
        let drawn = blocks(usize::try_from(eighths).unwrap_or_default());
        let pad = " ".repeat(WIDTH.saturating_sub(drawn.chars().count()));
        let _ =
            writeln!(text, "  {CYAN}{drawn}{CYAN:#}{pad} {:>9}  {} {DIM}{}{DIM:#}", bar.amount, bar.what, bar.remark);
    }
    text
}

/// A bar of that many eighths of a column.
fn blocks(eighths: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    format!("{}{}", "█".repeat(eighths / 8), PARTS.get(eighths % 8).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_width_and_nothing_is_invisible() {
        assert_eq!(blocks(WIDTH * 8).chars().count(), WIDTH);
        assert_eq!(blocks(1), "▏");
        let bar = |bytes| Bar::bytes(bytes, "x", "");
        let drawn = draw("t", &[], &[bar(1), bar(1_000_000)]);
        assert!(drawn.contains('▏') && drawn.contains(&"█".repeat(WIDTH)));
    }
}
