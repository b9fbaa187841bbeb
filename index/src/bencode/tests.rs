//! Tests of the decoder, and the writer they need.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{BencodeError, MAX_DEPTH, MAX_VALUES, Value, decode};

/// An owned value that can be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    Integer(i64),
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    Dict(BTreeMap<Vec<u8>, Tree>),
}

impl Tree {
    pub(crate) fn text(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }

    pub(crate) fn dict<const N: usize>(entries: [(&str, Tree); N]) -> Self {
        Self::Dict(entries.into_iter().map(|(key, value)| (key.as_bytes().to_vec(), value)).collect())
    }

    /// The same dictionary with one more key.
    pub(crate) fn with(self, key: &str, value: Tree) -> Self {
        let Self::Dict(mut entries) = self else { panic!("not a dictionary") };
        entries.insert(key.as_bytes().to_vec(), value);
        Self::Dict(entries)
    }

    /// The same dictionary without a key.
    pub(crate) fn without(self, key: &str) -> Self {
        let Self::Dict(mut entries) = self else { panic!("not a dictionary") };
        entries.remove(key.as_bytes());
        Self::Dict(entries)
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(n) => out.extend(format!("i{n}e").bytes()),
            Self::Bytes(bytes) => {
                out.extend(format!("{}:", bytes.len()).bytes());
                out.extend(bytes);
            }
            Self::List(items) => {
                out.push(b'l');
                items.iter().for_each(|item| item.write(out));
                out.push(b'e');
            }
            Self::Dict(entries) => {
                out.push(b'd');
                for (key, value) in entries {
                    Self::Bytes(key.clone()).write(out);
                    value.write(out);
                }
                out.push(b'e');
            }
        }
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Integer(n) => Self::Integer(*n),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Value::List(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Dict(dict) => {
                Self::Dict(dict.iter().map(|(key, value)| (key.to_vec(), Self::of(value))).collect())
            }
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20);
    let leaf = prop_oneof![any::<i64>().prop_map(Tree::Integer), bytes().prop_map(Tree::Bytes)];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Tree::List),
            prop::collection::btree_map(bytes(), inner, 0..6).prop_map(Tree::Dict),
        ]
    })
}

/// Bytes that look like bencode more often than random ones do.
fn nearly_bencode() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        8 => prop::sample::select(b"ilde0123456789:-".as_slice()),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(tree in tree()) {
        let bytes = tree.to_bytes();
        prop_assert_eq!(Tree::of(&decode(&bytes).unwrap()), tree);
    }

    #[test]
    fn every_prefix_is_refused(tree in tree(), cut in any::<prop::sample::Index>()) {
        let bytes = tree.to_bytes();
        prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    /// Sorted input has exactly one form, so what is accepted writes back to the same bytes.
    #[test]
    fn what_is_read_has_one_form(bytes in nearly_bencode()) {
        if let Ok(value) = decode(&bytes) {
            let again = Tree::of(&value).to_bytes();
            prop_assert_eq!(again.len(), bytes.len());
            prop_assert_eq!(Tree::of(&decode(&again).unwrap()), Tree::of(&value));
        }
    }
}

#[test]
fn integers_are_read_at_their_limits_and_no_further() {
    for n in [0, 1, -1, 10, i64::MAX, i64::MIN] {
        let text = format!("i{n}e");
        assert_eq!(decode(text.as_bytes()), Ok(Value::Integer(n)), "{text}");
    }
    for text in ["i9223372036854775808e", "i-9223372036854775809e", "i99999999999999999999999e"] {
        assert_eq!(decode(text.as_bytes()), Err(BencodeError::NumberTooLarge { at: 0 }), "{text}");
    }
}

#[test]
fn numbers_must_be_in_their_shortest_form() {
    for text in ["i00e", "i03e", "i-0e", "i-03e", "00:", "04:spam"] {
        assert!(matches!(decode(text.as_bytes()), Err(BencodeError::NotShortest { .. })), "{text}");
    }
    for text in ["ie", "i-e", "i+1e", "i 1e", "i1 e", "i1", "i--1e", ":", "-1:a", "1;a", "x", "e"] {
        assert!(decode(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_length_beyond_the_input_is_refused_without_allocating() {
    for text in ["5:spam", "9999999999999999:x", "99999999999999999999999999:x"] {
        assert!(decode(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn repeated_keys_are_refused_in_any_order_and_unsorted_ones_are_not() {
    assert_eq!(decode(b"d1:ai1e1:ai2ee"), Err(BencodeError::RepeatedKey { at: 0 }));
    assert_eq!(decode(b"d1:bi1e1:ai2e1:bi3ee"), Err(BencodeError::RepeatedKey { at: 0 }));
    assert_eq!(decode(b"ld1:ai1e1:ai1eee"), Err(BencodeError::RepeatedKey { at: 1 }));
    let value = decode(b"d1:bi1e1:ai2ee").unwrap();
    assert_eq!(value.as_dict().unwrap().get(b"a"), Some(&Value::Integer(2)));
}

#[test]
fn a_dictionary_keeps_its_raw_bytes() {
    let input = b"d4:infod1:bi1e1:ai2ee3:zzz0:e";
    let value = decode(input).unwrap();
    let info = value.as_dict().unwrap().get(b"info").unwrap().as_dict().unwrap();
    assert_eq!(info.raw(), b"d1:bi1e1:ai2ee");
}

#[test]
fn keys_are_byte_strings() {
    for text in ["di1e1:ae", "dle1:ae", "d1:ae", "d1:a"] {
        assert!(decode(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn trailing_data_is_refused() {
    assert_eq!(decode(b"i1ei2e"), Err(BencodeError::TrailingData { at: 3 }));
    assert_eq!(decode(b""), Err(BencodeError::UnexpectedEnd { at: 0 }));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| [b"l".repeat(depth), b"e".repeat(depth)].concat();
    assert!(decode(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(decode(&nested(MAX_DEPTH + 1)), Err(BencodeError::TooDeep));
    assert_eq!(decode(&b"l".repeat(8 << 20)), Err(BencodeError::TooDeep));
}

#[test]
fn the_number_of_values_is_bounded() {
    let list = |items: usize| [b"l".to_vec(), b"0:".repeat(items), b"e".to_vec()].concat();
    assert!(decode(&list(MAX_VALUES - 1)).is_ok());
    assert_eq!(decode(&list(MAX_VALUES)), Err(BencodeError::TooManyValues));
}
