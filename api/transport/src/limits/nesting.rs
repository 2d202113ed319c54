//! How deep JSON nests, told from its text, before anything recursive reads it.

/// The most lists and objects that are open at once. Text that is not JSON gives some number: the
/// parser refuses it afterwards.
pub(crate) fn json_depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::json_depth;

    #[test]
    fn brackets_in_strings_do_not_count() {
        let cases = [
            ("1", 0),
            ("{}", 1),
            (r#"{"a":[{"b":1}],"c":[]}"#, 3),
            (r#"{"a":"[[[[ \" {{{{","b":[1]}"#, 2),
            (r#"["\\",[["\\\"["]]]"#, 3),
            ("]]][[", 2),
        ];
        for (text, depth) in cases {
            assert_eq!(json_depth(text), depth, "{text}");
        }
    }
}
