//! A signal: what `STOPSIGNAL` may say.

const NAMES: &[&str] = &[
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
    "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
    "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// Whether Docker takes a text for a signal of Linux: a number but 0, or a name with or without `SIG`, in any case.
pub(super) fn is_signal(text: &str) -> bool {
    if let Ok(number) = text.parse::<i64>() {
        return number != 0;
    }
    let name = super::chars::upper(text);
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    NAMES.contains(&name) || is_realtime(name)
}

/// `RTMIN`, `RTMIN+1` to `RTMIN+15`, `RTMAX-14` to `RTMAX-1`, `RTMAX`.
fn is_realtime(name: &str) -> bool {
    let (sign, most, rest) = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(rest), _) => ('+', 15, rest),
        (_, Some(rest)) => ('-', 14, rest),
        _ => return false,
    };
    let plain = |digits: &&str| digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    rest.is_empty()
        || rest.strip_prefix(sign).filter(plain).and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= most && n > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names() {
        for signal in ["SIGTERM", "term", "sigInt", "9", "-1", "+15", "999", "RTMIN+15", "SIGRTMAX-1", "RTMAX"] {
            assert!(is_signal(signal), "{signal}");
        }
        for none in ["", "0", "SIG", "SIGSIGTERM", "TERMINATE", "RTMIN+16", "RTMAX-15", "RTMIN+01", "RTMIN-1", "1 "] {
            assert!(!is_signal(none), "{none}");
        }
    }
}
