//! A path as text and back without loss: file names need not be UTF-8 and may hold newlines, locators are UTF-8 and one
//! line.
//!
//! What is printable stays as it is, so that people can read a locator; control characters, bytes that are not UTF-8 and
//! `%` itself become `%` and two hexadecimal digits.

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The locator of a path.
pub fn encode(path: &Path) -> String {
    let mut text = String::with_capacity(path.as_os_str().len());
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' || c.is_control() {
                let mut bytes = [0; 4];
                escape(&mut text, c.encode_utf8(&mut bytes).as_bytes());
            } else {
                text.push(c);
            }
        }
        escape(&mut text, chunk.invalid());
    }
    text
}

/// The path of a locator; absent when [`encode`] cannot have written it.
pub fn decode(locator: &str) -> Option<PathBuf> {
    let mut bytes = Vec::with_capacity(locator.len());
    let mut rest = locator.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "%{byte:02X}").expect("writing to a String cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_path_reads_as_it_is() {
        assert_eq!(encode(Path::new("/calls/2024/Grüße (2).wav")), "/calls/2024/Grüße (2).wav");
    }

    #[test]
    fn newlines_percent_signs_and_foreign_bytes_are_escaped() {
        let name = OsString::from_vec(b"a\nb%20\xff\xe4.wav".to_vec());
        assert_eq!(encode(Path::new(&name)), "a%0Ab%2520%FF%E4.wav");
    }

    proptest! {
        #[test]
        fn every_path_comes_back_the_same(bytes in proptest::collection::vec(1u8.., 0..64)) {
            let path = PathBuf::from(OsString::from_vec(bytes));
            let locator = encode(&path);
            prop_assert!(!locator.chars().any(char::is_control));
            prop_assert_eq!(decode(&locator), Some(path));
        }
    }
}
