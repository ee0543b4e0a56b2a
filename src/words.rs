//! Words for quantities: sizes and durations as people read them.

use std::time::Duration;

/// A size in decimal units, as Docker and registries show them: `52.1 MB`.
pub fn size(bytes: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    #[allow(clippy::cast_precision_loss)] // Three digits are shown.
    let mut value = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        value /= 1000.0;
        unit = next;
        if value < 999.95 {
            break;
        }
    }
    format!("{value:.1} {unit}")
}

/// A duration: `0.18 s`, `12.3 s`, `2 min 5 s`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match duration.as_secs() {
        0..10 => format!("{seconds:.2} s"),
        10..120 => format!("{seconds:.1} s"),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_read_well() {
        assert_eq!([size(0), size(999), size(1000), size(52_123_456)], ["0 B", "999 B", "1.0 kB", "52.1 MB"]);
        assert_eq!(size(999_960_000), "1.0 GB");
        assert_eq!(duration(Duration::from_millis(180)), "0.18 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }
}
