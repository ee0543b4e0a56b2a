//! A table: a comparison in columns, for a terminal.

use std::fmt::Write;

use super::{Comparison, Measured};
use crate::words::{duration, size};

/// The column heads.
const HEADS: [&str; 10] =
    ["strategy", "unpacked", "", "compressed", "layers", "build", "again", "push", "again", "healthy"];

/// So many of the largest parts are shown of each.
const PARTS: usize = 4;

/// The comparison as text: a line a strategy, then what takes up most of each, and why some have no image.
pub fn table(comparison: &Comparison) -> String {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(comparison.rows.iter().map(|row| match &row.outcome {
        Ok(measured) => cells(row.strategy.to_string(), measured, comparison.under(measured)),
        Err(_) => std::array::from_fn(|i| if i == 0 { row.strategy.to_string() } else { "–".to_owned() }),
    }));
    let widths: [usize; 10] =
        std::array::from_fn(|i| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or_default());
    let mut text = String::new();
    for cells in &lines {
        let _ = write!(text, "{:<1$}", cells[0], widths[0]);
        for (cell, width) in cells.iter().zip(widths).skip(1) {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text.push('\n');
    for row in &comparison.rows {
        let strategy = row.strategy.to_string();
        let told = match &row.outcome {
            Ok(measured) => {
                let parts = measured.largest.iter().take(PARTS).map(|(path, bytes)| format!("{} {path}", size(*bytes)));
                parts.collect::<Vec<_>>().join(", ")
            }
            Err(why) => format!("no image: {why}"),
        };
        if !told.is_empty() {
            let _ = writeln!(text, "{strategy:<0$}  {told}", widths[0]);
        }
    }
    text
}

fn cells(strategy: String, measured: &Measured, under: Option<u64>) -> [String; 10] {
    let Measured { compressed, unpacked, layers, build, push, healthy, .. } = measured;
    let known = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    [
        strategy,
        known(unpacked.map(size)),
        under.map(|u| format!("-{u}%")).unwrap_or_default(),
        size(*compressed),
        layers.to_string(),
        duration(build.cold),
        duration(build.warm),
        duration(push.cold),
        duration(push.warm),
        known(healthy.map(duration)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::example;

    #[test]
    fn columns_stand_under_their_heads() {
        let expected = "\
strategy     unpacked        compressed  layers   build   again    push   again  healthy
naive        841.0 MB          310.0 MB       7  93.0 s  0.40 s  12.0 s  0.12 s   1.40 s
multi-stage  153.0 MB  -81%     55.0 MB       7  93.0 s  0.40 s  12.0 s  0.12 s   1.40 s
minimal             –     –           –       –       –       –       –       –        –

naive        210.2 MB usr/lib/gcc, 105.1 MB opt
multi-stage  38.2 MB usr/lib/gcc, 19.1 MB opt
minimal      no image: no Debian has Python 3.12 & more
";
        assert_eq!(table(&example()), expected);
    }
}
