//! The support of a Python: until when it gets what mends its holes.

use super::PythonVersion;

/// The last day of support for each minor version of Python 3: its year, month and day. Where only a month is planned, that
/// month's last day. <https://devguide.python.org/versions/>, as of November 2026.
const ENDS: [(u8, (i16, i8, i8)); 6] = [
    (9, (2025, 10, 31)),
    (10, (2026, 10, 31)),
    (11, (2027, 10, 31)),
    (12, (2028, 10, 31)),
    (13, (2029, 10, 31)),
    (14, (2030, 10, 31)),
];

/// A day of the calendar: year, month and day.
pub type Day = (i16, i8, i8);

/// The last day on which this Python was supported, if that is past.
pub fn ended(python: PythonVersion, today: Day) -> Option<Day> {
    let (_, end) = ENDS.into_iter().find(|(minor, _)| python.major == 3 && python.minor == *minor)?;
    (end < today).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_past_is_told() {
        let python = |minor| PythonVersion { major: 3, minor };
        assert_eq!(ended(python(10), (2026, 10, 31)), None);
        assert_eq!(ended(python(10), (2026, 11, 1)), Some((2026, 10, 31)));
        assert_eq!(ended(python(13), (2026, 11, 1)), None);
    }

    #[test]
    fn every_python_of_an_image_is_known() {
        for minor in PythonVersion::OLDEST.minor..=PythonVersion::NEWEST.minor {
            assert!(ended(PythonVersion { major: 3, minor }, (9999, 1, 1)).is_some(), "3.{minor}");
        }
    }
}
