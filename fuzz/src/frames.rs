//! The frames of a WebSocket (RFC 6455 §5), read by the letter.

/// Holds what one end has said against the RFC: whole frames, each as short as it can be said, masked where `masked`; fragments in order; text
/// in UTF-8; control frames short and in one piece; nothing after Close.
pub fn check(mut said: &[u8], masked: bool) {
    // The message under way: whether it is text, and what it says so far.
    let mut message: Option<(bool, Vec<u8>)> = None;
    while let [first, second, rest @ ..] = said {
        let (is_final, opcode) = (first & 0x80 != 0, first & 0x0F);
        assert_eq!(first & 0x70, 0, "reserved bits");
        assert_eq!(second & 0x80 != 0, masked, "masked, or not, against the role");
        let (length, rest) = match second & 0x7F {
            126 => {
                let (length, rest) = rest.split_first_chunk().expect("a whole header");
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk().expect("a whole header");
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(short), rest),
        };
        let shortest = [125, 0xFFFF, u64::MAX >> 1].into_iter().position(|most| length <= most);
        assert_eq!(shortest, Some(usize::from((second & 0x7F).saturating_sub(125))), "a length said at length");
        let (mask, rest) = if masked { rest.split_at(4) } else { (&[0; 4][..], rest) };
        let (payload, rest) = rest.split_at(usize::try_from(length).expect("a length that fits"));
        let payload: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        match opcode {
            0 => message.as_mut().expect("a message that goes on").1.extend(payload),
            1 | 2 => {
                assert!(message.is_none(), "a message within a message");
                message = Some((opcode == 1, payload));
            }
            8..=10 => {
                assert!(is_final && payload.len() <= 125, "a long control frame");
                assert!(opcode != 8 || rest.is_empty(), "something after Close");
                assert!(opcode != 8 || payload.len() != 1, "half a code");
            }
            _ => panic!("opcode {opcode}"),
        }
        if is_final && opcode < 8 {
            let (is_text, whole) = message.take().expect("a message");
            assert!(!is_text || str::from_utf8(&whole).is_ok(), "text that is not UTF-8");
            assert!(!whole.iter().any(|byte| matches!(byte, b'\r' | b'\n')), "two lines in a message");
        }
        said = rest;
    }
    assert!(said.is_empty(), "half a header");
}
