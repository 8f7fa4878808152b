//! Enumerations whose variants are words of the protocol.

/// Makes an enumeration of words, with `Other` for those that are not known.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident: $($(#[$doc:meta])* $variant:ident $word:literal,)*) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name<T> {
            $(#[doc = concat!("`", $word, "`")] $(#[$doc])* $variant,)*
            /// Any other, as it came.
            Other(T),
        }

        impl<T> $name<T> {
            /// The variant of this word, in any case, if it is known.
            #[allow(non_upper_case_globals)] // each is the name of its variant
            pub(crate) fn of_word(word: &[u8]) -> Option<Self> {
                $(const $variant: &[u8] = $word.as_bytes();)*
                // Most are spelt as usual.
                match word {
                    $($variant => return Some($name::$variant),)*
                    _ => {}
                }
                $(if word.eq_ignore_ascii_case($word.as_bytes()) {
                    return Some($name::$variant);
                })*
                None
            }

            /// The same with its text held in another way.
            pub fn map_text<U>(self, text: &mut impl FnMut(T) -> U) -> $name<U> {
                match self {
                    $($name::$variant => $name::$variant,)*
                    $name::Other(word) => $name::Other(text(word)),
                }
            }
        }

        impl<T: AsRef<[u8]>> $name<T> {
            /// The word.
            pub fn name(&self) -> &[u8] {
                match self {
                    $($name::$variant => $word.as_bytes(),)*
                    $name::Other(word) => word.as_ref(),
                }
            }

            pub(crate) fn write(
                &self,
                writer: &mut $crate::codec::encode::Writer<'_>,
            ) -> Result<(), $crate::codec::encode::Unwritable> {
                match self {
                    $name::Other(word) => writer.atom(word.as_ref()),
                    known => {
                        writer.put(known.name());
                        Ok(())
                    }
                }
            }
        }

        impl<'a, T: From<&'a [u8]>> $name<T> {
            pub(crate) fn read(input: &'a [u8]) -> $crate::codec::fault::Parsed<'a, Self> {
                let (rest, word) = $crate::codec::text::atom(input)?;
                Ok((rest, $name::of_word(word).unwrap_or_else(|| $name::Other(word.into()))))
            }
        }
    };
}

pub(crate) use words;
