//! A header: the block before each entry of a tar archive.
//!
//! Read as Go's archive/tar reads it, since that is what unpacks images everywhere; where the formats leave a choice
//! (which of two names wins, whether a directory has content), its choice is the one that counts.
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>,
//! <https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_01>

/// The unit of a tar archive, in bytes.
pub(super) const BLOCK: usize = 512;

/// One header, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The type flag.
    pub(super) kind: u8,
    pub(super) name: Vec<u8>,
    /// Where a link leads.
    pub(super) link: Vec<u8>,
    /// Permissions, as in `chmod`.
    pub(super) mode: u32,
    /// Of what follows, in bytes, without its padding.
    pub(super) size: u64,
    /// Whether another block of a GNU sparse map follows.
    pub(super) more: bool,
}

impl Header {
    /// Reads a block that isn't all zeros.
    pub(super) fn read(block: &[u8; BLOCK]) -> Result<Self, &'static str> {
        let stated = number(&block[148..156]).ok_or("a header without a checksum")?;
        let spaces = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
        let unsigned: u64 = block.iter().enumerate().map(|(at, byte)| u64::from(spaces(at, *byte))).sum();
        // Some old programs took bytes for signed numbers.
        let signed: i64 = block.iter().enumerate().map(|(at, byte)| i64::from(spaces(at, *byte).cast_signed())).sum();
        if stated != unsigned && i64::try_from(stated) != Ok(signed) {
            return Err("a header with a wrong checksum");
        }
        let kind = block[156];
        let mut name = text(&block[..100]).to_vec();
        if &block[257..263] == b"ustar\0" {
            // The rarer star format keeps times where others have the end of the prefix.
            let prefix = if &block[508..512] == b"tar\0" { &block[345..476] } else { &block[345..500] };
            let prefix = text(prefix);
            if !prefix.is_empty() {
                name = [prefix, b"/", &name].concat();
            }
        }
        let mode = number(&block[100..108]).ok_or("a header with no mode")?;
        Ok(Self {
            kind,
            name,
            link: text(&block[157..257]).to_vec(),
            mode: u32::try_from(mode & 0o7777).unwrap_or_default(),
            size: number(&block[124..136]).ok_or("a header without a size")?,
            more: kind == b'S' && block[482] != 0,
        })
    }

    /// Whether content follows: directories, links and devices have none, whatever their size says.
    pub(super) fn has_content(&self) -> bool {
        !matches!(self.kind, b'1'..=b'6')
    }
}

/// What is before the first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number: octal digits among spaces and NULs, or, with the highest bit set, the bytes themselves. None when it is
/// negative, too large, or no number.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // The second highest bit is the sign.
        let start = if first & 0x40 == 0 { u64::from(first & 0x3f) } else { return None };
        return rest.iter().try_fold(start, |value, byte| Some(value.checked_mul(256)? + u64::from(*byte)));
    }
    let blank = |byte: &u8| *byte == b' ' || *byte == 0;
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let end = field.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    let digit = |value: u64, byte: &u8| match byte {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    };
    text(&field[start..end]).iter().try_fold(0, digit)
}

/// A key and its value.
type Record<'b> = (&'b [u8], &'b [u8]);

/// The records of a PAX header: `LENGTH KEY=VALUE\n`, the length in decimal and counting itself.
pub(super) fn records(mut bytes: &[u8]) -> Result<Vec<Record<'_>>, &'static str> {
    const ODD: &str = "a PAX header that is none";
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ').ok_or(ODD)?;
        let length = std::str::from_utf8(&bytes[..space]).ok().and_then(|digits| digits.parse::<usize>().ok());
        let length = length.filter(|length| *length > space + 1 && *length <= bytes.len()).ok_or(ODD)?;
        let (record, rest) = bytes.split_at(length);
        let record = record[space + 1..].strip_suffix(b"\n").ok_or(ODD)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or(ODD)?;
        found.push((&record[..equals], &record[equals + 1..]));
        bytes = rest;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"0000644\0"), Some(0o644));
        assert_eq!(number(b"  644 \0\0"), Some(0o644));
        assert_eq!(number(b"\0\0\0\0"), Some(0));
        assert_eq!(number(&[0x80, 0, 0, 1, 0]), Some(256));
        assert_eq!(number(b"0009"), None);
        assert_eq!(number(&[0xff; 12]), None);
        assert_eq!(number(&[0xbf, 255, 255, 255, 255, 255, 255, 255, 255]), None);
    }

    #[test]
    fn records_count_themselves() {
        let two = records(b"11 path=a/b\n9 size=1\n").map(|r| r.len());
        assert!(two.is_err(), "12 is the length of the first");
        assert_eq!(records(b"12 path=a/b\n9 size=1\n").unwrap(), [(&b"path"[..], &b"a/b"[..]), (b"size", b"1")]);
        for odd in [&b"x"[..], b"3 a", b"0 a=b\n", b"99999999999999999999 a=b\n", b"6 a=bc", b"6 abc\n", b" =\n"] {
            assert!(records(odd).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_header_has_its_checksum() {
        let mut header = tar::Header::new_gnu();
        header.set_path("etc/passwd").unwrap();
        header.set_size(7);
        header.set_mode(0o100_644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        let mut block = *header.as_bytes();
        let read = Header::read(&block).unwrap();
        assert_eq!((read.name.as_slice(), read.size, read.mode, read.kind), (&b"etc/passwd"[..], 7, 0o644, b'0'));
        block[0] ^= 1;
        assert!(Header::read(&block).is_err());
        assert!(Header::read(&[b'x'; BLOCK]).is_err());
    }
}
