//! A script: what an installed program's first line says of the interpreter that runs it.

/// What a shell reads as a call of the interpreter, and Python as a string: the form for paths that a kernel would not
/// take after `#!`.
const TRAMPOLINE: &[u8] = b"#!/bin/sh\n'''exec' ";
/// Where Python's text begins after it.
const TRAMPOLINE_END: &[u8] = b"\n' '''\n";

/// The script as the image has it; `None` where it is right as it is: no script, or not Python's by its path.
pub fn script(text: &[u8], interpreter: &str) -> Option<Vec<u8>> {
    if let Some(rest) = text.strip_prefix(TRAMPOLINE) {
        let end = rest.windows(TRAMPOLINE_END.len()).position(|window| window == TRAMPOLINE_END)?;
        let body = rest.get(end + TRAMPOLINE_END.len()..)?;
        return Some([format!("#!{interpreter}\n").as_bytes(), body].concat());
    }
    let rest = text.strip_prefix(b"#!")?;
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (line, body) = rest.split_at(end);
    let line = std::str::from_utf8(line).ok()?.trim();
    let (program, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = program.rsplit('/').next().unwrap_or_default();
    // An installer writes its own interpreter's path where a wheel says `#!python`, and leaves `env python` alone.
    if !program.starts_with('/') || !name.starts_with("python") && !name.starts_with("pypy") {
        return None;
    }
    let gap = if arguments.is_empty() { "" } else { " " };
    Some([format!("#!{interpreter}{gap}{}", arguments.trim()).as_bytes(), body].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_interpreter_becomes_the_images() {
        let ours = |text: &str| script(text.as_bytes(), "/v/python").map(|s| String::from_utf8_lossy(&s).into_owned());
        assert_eq!(ours("#!/home/u/.venv/bin/python3.11\nimport x\n").as_deref(), Some("#!/v/python\nimport x\n"));
        assert_eq!(ours("#! /usr/bin/python -E \nx").as_deref(), Some("#!/v/python -E\nx"));
        assert_eq!(ours("#!/usr/bin/python").as_deref(), Some("#!/v/python"));
        let long = "#!/bin/sh\n'''exec' '/a b/python' \"$0\" \"$@\"\n' '''\nimport x\n";
        assert_eq!(ours(long).as_deref(), Some("#!/v/python\nimport x\n"));
        for kept in ["#!/usr/bin/env python\n", "#!/bin/sh\nexec python x\n", "#!/bin/bash", "\x7fELF", "", "#!"] {
            assert_eq!(ours(kept), None, "{kept}");
        }
    }
}
