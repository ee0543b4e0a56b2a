//! A compression: what a layer's bytes really are, whatever its media type says, and their way back.

use std::io::{BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

use super::error::LayerError;

/// How much is read at a time, in bytes.
pub(super) const CHUNK: usize = 64 << 10;
/// The largest window that a zstd frame may ask for, as a power of two: 128 MiB, which is what zstd itself takes unasked.
const WINDOW: u32 = 27;

/// The first bytes of what is compressed, and how.
const MARKS: &[(&[u8], Compression)] = &[
    (&[0x1f, 0x8b], Compression::Gzip),
    (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Compression::Other("xz")),
    (b"BZh", Compression::Other("bzip2")),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    None,
    Gzip,
    Zstd,
    Other(&'static str),
}

/// The uncompressed bytes of `source`, in whichever of OCI's compressions it is: engines look at the bytes as well, and
/// there are registries full of layers with another one's media type.
pub(crate) fn decompress<'r>(mut source: impl Read + 'r) -> Result<Box<dyn Read + 'r>, LayerError> {
    let mut head = Vec::new();
    source.by_ref().take(6).read_to_end(&mut head).map_err(LayerError::of)?;
    let compression = sniff(&head);
    let whole = BufReader::with_capacity(CHUNK, Cursor::new(head).chain(source));
    Ok(match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(MultiGzDecoder::new(whole)),
        Compression::Zstd => Box::new(zstd(whole)?),
        Compression::Other(name) => return Err(LayerError::Compression(name)),
    })
}

fn sniff(head: &[u8]) -> Compression {
    // zstd's frames that hold no content: one of sixteen marks.
    if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] = head {
        return Compression::Zstd;
    }
    MARKS.iter().find(|(mark, _)| head.starts_with(mark)).map_or(Compression::None, |(_, compression)| *compression)
}

fn zstd<'r>(source: impl BufRead + 'r) -> Result<impl Read + 'r, LayerError> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(LayerError::Unreadable)?;
    decoder.window_log_max(WINDOW).map_err(LayerError::Unreadable)?;
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::gzip;
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
        let mut out = Vec::new();
        decompress(bytes).unwrap().read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn the_bytes_say_how_they_are_compressed() {
        assert_eq!(read(b"plain").unwrap(), b"plain");
        assert_eq!(read(b"").unwrap(), b"");
        // As pigz and eStargz write them: several members after each other.
        assert_eq!(read(&[gzip(b"a"), gzip(b""), gzip(b"b")].concat()).unwrap(), b"ab");
        let frame = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        assert_eq!(read(&[frame(b"a"), frame(b"b")].concat()).unwrap(), b"ab");
        // As zstd:chunked has them: its table of contents in a frame that holds no content.
        let skipped = [0x51, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        assert_eq!(read(&[&skipped[..], &frame(b"a"), &skipped].concat()).unwrap(), b"a");
    }

    #[test]
    fn what_is_broken_is_an_error() {
        let whole = gzip(&[7; 1000]);
        assert!(read(&whole[..whole.len() - 9]).is_err());
        assert!(read(&[&whole[..], b"x"].concat()).is_err());
        let whole = zstd::encode_all(&[7; 1000][..], 1).unwrap();
        assert!(read(&whole[..whole.len() - 1]).is_err());
        let fault = decompress(&b"BZh91AY"[..]).err().unwrap();
        assert!(fault.to_string().contains("bzip2"), "{fault}");
    }
}
