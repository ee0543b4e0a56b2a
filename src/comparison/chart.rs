//! A chart: a comparison as one SVG picture, which stands in a README or a report as it is.

use std::fmt::Write;

use super::{Comparison, Measured};
use crate::image::plan::Strategy;
use crate::words::{duration, size};

/// The picture's width, and where its bars begin and end, in its own units.
const WIDTH: u32 = 860;
const LEFT: u32 = 120;
const RIGHT: u32 = 640;
/// A strategy takes up so much height, and its two bars so much of it.
const ROW: u32 = 44;
const BAR: u32 = 14;
/// Of the heading of a panel.
const HEAD: u32 = 56;

/// What a panel shows of an image: two quantities, of which the first is the larger as a rule.
struct Panel {
    title: &'static str,
    legend: [&'static str; 2],
    colors: [&'static str; 2],
    quantities: fn(&Measured) -> [Option<f64>; 2],
    words: fn(&Comparison, &Measured) -> String,
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "Size",
        legend: ["unpacked", "compressed"],
        colors: ["#3776ab", "#ffd343"],
        quantities: |m| [m.unpacked.map(real), Some(real(m.compressed))],
        words: |comparison, m| {
            let unpacked = m.unpacked.map(size).unwrap_or_default();
            let under = comparison.under(m).map(|u| format!(" ({u}% less)")).unwrap_or_default();
            format!("{unpacked} / {}{under}", size(m.compressed))
        },
    },
    Panel {
        title: "Time to a pushed image",
        legend: ["build, nothing cached", "push, the first time"],
        colors: ["#4b8b3b", "#9ccc65"],
        quantities: |m| [Some(m.build.cold.as_secs_f64()), Some(m.push.cold.as_secs_f64())],
        words: |_, m| {
            format!(
                "{} + {}, again {}",
                duration(m.build.cold),
                duration(m.push.cold),
                duration(m.build.warm + m.push.warm)
            )
        },
    },
];

#[allow(clippy::cast_precision_loss)] // A pixel is much more than a byte.
fn real(bytes: u64) -> f64 {
    bytes as f64
}

/// The picture: a panel of sizes over one of times, a row for each strategy that has an image.
pub fn chart(comparison: &Comparison) -> String {
    let rows: Vec<_> = comparison.measured().collect();
    let count = u32::try_from(rows.len()).unwrap_or_default();
    let panel = HEAD + count * ROW;
    let height = 52 + 2 * panel + 16;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n"
    );
    let title = heading(comparison);
    let _ = writeln!(svg, "<title>{}</title>", escaped(&title));
    let _ = writeln!(svg, "<rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"#ffffff\"/>");
    let _ = writeln!(svg, "<text x=\"20\" y=\"34\" font-size=\"17\" font-weight=\"600\">{}</text>", escaped(&title));
    let mut top = 52;
    for shown in &PANELS {
        draw(&mut svg, shown, &rows, top, comparison);
        top += panel;
    }
    svg.push_str("</svg>\n");
    svg
}

fn heading(comparison: &Comparison) -> String {
    let Comparison { name, date, cores, memory, .. } = comparison;
    // What firmware keeps for itself is missing from a round number.
    let memory = memory.map(|m| format!(", {} GiB of memory", (m + (1 << 29)) >> 30)).unwrap_or_default();
    format!("{name} by every strategy, {date}, {cores} cores{memory}")
}

fn draw(svg: &mut String, panel: &Panel, rows: &[(Strategy, &Measured)], top: u32, comparison: &Comparison) {
    let _ = writeln!(svg, "<text x=\"20\" y=\"{}\" font-weight=\"600\">{}</text>", top + 26, panel.title);
    for (i, (legend, color)) in (0u32..).zip(panel.legend.iter().zip(panel.colors)) {
        let x = LEFT + 110 + i * 190;
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{color}\"/>", top + 16);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" fill=\"#555\">{legend}</text>", x + 18, top + 26);
    }
    let all = rows.iter().flat_map(|(_, m)| (panel.quantities)(m)).flatten();
    let most = all.fold(f64::MIN_POSITIVE, f64::max);
    for (i, (strategy, measured)) in (0u32..).zip(rows) {
        let y = top + HEAD - 14 + i * ROW;
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{strategy}</text>", LEFT - 10, y + BAR + 4);
        let mut end = 0.0_f64;
        for (j, (quantity, color)) in (0u32..).zip((panel.quantities)(measured).into_iter().zip(panel.colors)) {
            let Some(quantity) = quantity else { continue };
            let width = (f64::from(RIGHT - LEFT) * quantity / most).max(1.0);
            end = end.max(width);
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\" fill=\"{color}\"/>",
                y + j * (BAR + 1)
            );
        }
        let words = escaped(&(panel.words)(comparison, measured));
        let x = f64::from(LEFT) + end + 8.0;
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\" fill=\"#333\">{words}</text>", y + BAR + 4);
    }
}

/// A text as XML takes it; what no XML may hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::tests::example;

    #[test]
    fn bars_are_in_proportion_and_names_do_no_harm() {
        let svg = chart(&Comparison { name: "<a>&\"b\"\u{1b}".into(), ..example() });
        assert!(svg.contains("&lt;a&gt;&amp;&quot;b&quot; by every strategy, 2026-11-30, 2 cores, 24 GiB"));
        assert!(svg.contains("width=\"520.0\"") && svg.contains("width=\"94.6\""), "{svg}");
        assert!(svg.contains("153.0 MB / 55.0 MB (81% less)"));
        assert!(!svg.contains("minimal"), "what has no image has no bar");
    }
}
