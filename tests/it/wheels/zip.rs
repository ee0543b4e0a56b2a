//! A wheel, made by hand: also one that no sound tool would make.

use flate2::Crc;

/// A file of an archive.
pub(super) struct Entry<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    /// As `st_mode` has it: kind and permissions.
    pub(super) mode: u32,
}

/// A wheel of these files, with sound metadata.
pub(super) fn wheel(name: &str, version: &str, tag: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let entries: Vec<_> = files.iter().map(|(path, text)| Entry { path, text, mode: 0o100_644 }).collect();
    wheel_of(name, version, tag, &entries)
}

/// A wheel of these entries, with sound metadata.
pub(super) fn wheel_of(name: &str, version: &str, tag: &str, entries: &[Entry<'_>]) -> Vec<u8> {
    let info = format!("{name}-{version}.dist-info");
    let record: String = entries.iter().map(|entry| format!("{},,\n", entry.path)).collect();
    let own = [
        (format!("{info}/METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")),
        (format!("{info}/WHEEL"), format!("Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: {tag}\n")),
        (format!("{info}/RECORD"), format!("{record}{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")),
    ];
    let own = own.iter().map(|(path, text)| Entry { path, text, mode: 0o100_644 });
    let others = entries.iter().map(|Entry { path, text, mode }| Entry { path, text, mode: *mode });
    archive(&others.chain(own).collect::<Vec<_>>())
}

/// An archive, nothing in it compressed.
fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for Entry { path, text, mode } in entries {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let size = u32::try_from(text.len()).unwrap();
        let mut common = Vec::new();
        for number in [20_u16, 0, 0, 0, 0x21] {
            common.extend(number.to_le_bytes());
        }
        for number in [crc.sum(), size, size] {
            common.extend(number.to_le_bytes());
        }
        common.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
        common.extend(0_u16.to_le_bytes());
        let offset = u32::try_from(out.len()).unwrap();
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(&common);
        directory.extend([0; 6]);
        directory.extend((mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(path.as_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(path.as_bytes());
        out.extend(text.as_bytes());
    }
    let (count, offset) = (u16::try_from(entries.len()).unwrap(), u32::try_from(out.len()).unwrap());
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend([0, 0]);
    out
}
