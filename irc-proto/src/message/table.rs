//! One notation for all messages. From it come the enums, their reading and writing, what rustdoc shows of them, and their tests.
//!
//! ```text
//! Variant "COMMAND" { parameter: kind, ... } "SUBCOMMAND" { parameter: kind, ... }
//! ```
//!
//! The subcommand, with what follows it, may be missing; a numeric stands without quotes. A command with several forms has several variants:
//! the first that a message fits is taken. Kinds:
//!
//! | kind | what |
//! |---|---|
//! | `text` | one parameter |
//! | `list`, `words` | one parameter with commas, or spaces, between its items |
//! | `optional` before one of these | the same, or nothing |
//! | `rest` | as many parameters as there are |
//! | `last` | one parameter, the last of the message: what is before it and has no place in the form is passed over |
//!
//! Parameters are shared out as RFC 2812 does: the required ones have theirs in any case, the optional ones take from the left what is more, and
//! `rest` takes what they leave.

macro_rules! messages {
    (
        $(#[$meta:meta])*
        $name:ident
        $(
            $(#[$doc:meta])*
            $variant:ident $command:tt { $($field:ident: $($kind:ident)+),* }
            $($word:literal { $($after:ident: $($after_kind:ident)+),* })?
        )*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $(
                $(#[$doc])*
                #[doc = concat!(
                    "\n\n`", $crate::message::table::name!($command), $($crate::message::table::slot!($field $($kind)+),)*
                    $(" ", $word, $($crate::message::table::slot!($after $($after_kind)+),)*)? "`"
                )]
                $variant {
                    $(
                        #[doc = $crate::message::table::told!($($kind)+)]
                        $field: $crate::message::table::held!('a $($kind)+),
                    )*
                    $($(
                        #[doc = $crate::message::table::told!($($after_kind)+)]
                        $after: $crate::message::table::held!('a $($after_kind)+),
                    )*)?
                },
            )*
            /// A command of this table that lacks parameters. A server answers a client with 461 ERR_NEEDMOREPARAMS; a client passes over it.
            Missing($crate::message::Missing<'a>),
            /// Anything else. To build it of a command that is in the table is lawful; it reads back as that command.
            Other($crate::message::Other<'a>),
        }

        impl<'a> $name<'a> {
            /// The forms of all variants, in the order of the table.
            pub const FORMS: &'static [&'static $crate::message::Form] = &[$(&form::$variant),*];

            /// Reads a message. It never fails, and never copies. Parameters that the form has no place for are left out, as servers leave them;
            /// whoever passes a message on passes its line on.
            pub fn of(message: $crate::codec::Message<&'a [u8]>) -> Self {
                let command = message.command();
                let mut reader = $crate::message::read::Reader::new(message.params());
                match $crate::message::read::key(command) {
                    $(
                        key::$variant if reader.fits(&form::$variant) => {
                            $(let $field = $crate::message::table::take!(reader $($kind)+);)*
                            $(
                                reader.pass($word);
                                $(let $after = $crate::message::table::take!(reader $($after_kind)+);)*
                            )?
                            Self::$variant { $($field,)* $($($after,)*)? }
                        }
                    )*
                    _ => match reader.missing() {
                        Some(missing) => Self::Missing(missing),
                        None => Self::Other($crate::message::Other { command, params: message.params().into() }),
                    },
                }
            }

            /// The message as it is written, without tags and source: those are added as `Parts { source, ..parts }`. What was read is written
            /// as it came, but for the case of commands and subcommands.
            ///
            /// # Errors
            ///
            /// [`Gap`]($crate::message::Gap): an optional parameter is left out before one that is there.
            pub fn parts<'s>(
                &self,
                slots: &'s mut $crate::message::Slots<'a>,
            ) -> Result<$crate::codec::Parts<'s>, $crate::message::Gap> {
                slots.clear();
                let command = match *self {
                    $(
                        Self::$variant { $($field,)* $($($after,)*)? } => {
                            $($crate::message::table::put!(slots $field $($kind)+);)*
                            $(
                                slots.put($word.as_bytes());
                                $($crate::message::table::put!(slots $after $($after_kind)+);)*
                            )?
                            form::$variant.command
                        }
                    )*
                    Self::Missing(missing) => {
                        slots.put_rest(missing.params());
                        missing.form().command
                    }
                    Self::Other(other) => {
                        slots.put_rest(other.params);
                        other.command
                    }
                };
                slots.parts(command)
            }

            /// The form that it has, or lacks parameters of; none for [`Other`]($crate::message::Other).
            pub fn form(&self) -> Option<&'static $crate::message::Form> {
                match self {
                    $(Self::$variant { .. } => Some(&form::$variant),)*
                    Self::Missing(missing) => Some(missing.form()),
                    Self::Other(_) => None,
                }
            }
        }

        impl core::fmt::Debug for $name<'_> {
            /// Shows what kind of message it is, never what its parameters say: one may be a password.
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self {
                    $(Self::$variant { .. } => f.write_str(stringify!($variant)),)*
                    Self::Missing(missing) => missing.fmt(f),
                    Self::Other(other) => other.fmt(f),
                }
            }
        }

        #[allow(non_upper_case_globals)]
        mod form {
            #[allow(unused_imports)]
            use $crate::numerics::*;
            $(
                pub(super) static $variant: $crate::message::Form = $crate::message::Form::new(
                    $crate::message::table::command!($command),
                    &[$((stringify!($field), $crate::message::table::kind!($($kind)+))),*],
                    &[$($word,)?],
                    &[$($((stringify!($after), $crate::message::table::kind!($($after_kind)+))),*)?],
                );
            )*
        }

        #[allow(non_upper_case_globals)]
        mod key {
            #[allow(unused_imports)]
            use $crate::numerics::*;
            $(
                pub(super) const $variant: u128 =
                    $crate::message::read::key($crate::message::table::command!($command));
            )*
        }

        #[cfg(test)]
        mod laws {
            use super::$name;
            use $crate::message::laws::{self, Read};

            fn read<'a>(message: $crate::codec::Message<&'a [u8]>) -> Read<$name<'a>> {
                let typed = $name::of(message);
                let missing = match typed {
                    $name::Missing(missing) => Some(missing.name()),
                    _ => None,
                };
                Read { typed, form: typed.form(), missing }
            }

            #[test]
            fn forms_are_lawful() {
                $name::FORMS.iter().for_each(|form| laws::is_lawful(form));
            }

            #[test]
            fn every_form_is_read_and_written_as_it_was() {
                for form in $name::FORMS {
                    for line in laws::lines(form) {
                        let read = read(laws::message(&line));
                        laws::is_read_as(form, &line, read.form, read.missing);
                        let mut slots = $crate::message::Slots::new();
                        let written = laws::written(read.typed.parts(&mut slots));
                        assert_eq!(written, line, "{form}");
                        assert!($name::of(laws::message(&written)) == read.typed, "{form}");
                    }
                }
            }
        }
    };
}

macro_rules! name {
    ($command:literal) => {
        $command
    };
    ($command:ident) => {
        stringify!($command)
    };
}

macro_rules! command {
    ($command:literal) => {
        $crate::codec::Command::Word($command.as_bytes())
    };
    ($command:ident) => {
        $crate::codec::Command::Numeric($command)
    };
}

/// How a parameter looks in a form.
macro_rules! slot {
    ($field:ident text) => { concat!(" <", stringify!($field), ">") };
    ($field:ident last) => { concat!(" :<", stringify!($field), ">") };
    ($field:ident list) => { concat!(" <", stringify!($field), ",...>") };
    ($field:ident words) => { concat!(" :<", stringify!($field), " ...>") };
    ($field:ident rest) => { concat!(" *<", stringify!($field), ">") };
    ($field:ident optional $kind:ident) => { concat!(" [", $crate::message::table::slot!($field $kind), " ]") };
}

/// What a parameter's documentation says.
macro_rules! told {
    (text) => {
        "Required."
    };
    (last) => {
        "Required, and last."
    };
    (list) => {
        "Required, with commas."
    };
    (words) => {
        "Required, and last, with spaces."
    };
    (rest) => {
        "As many as there are."
    };
    (optional $kind:ident) => {
        "Optional."
    };
}

macro_rules! held {
    ($a:lifetime text) => { &$a [u8] };
    ($a:lifetime last) => { &$a [u8] };
    ($a:lifetime list) => { $crate::message::List<$a> };
    ($a:lifetime words) => { $crate::message::Words<$a> };
    ($a:lifetime rest) => { $crate::message::Rest<$a> };
    ($a:lifetime optional $kind:ident) => { Option<$crate::message::table::held!($a $kind)> };
}

macro_rules! kind {
    (text) => {
        $crate::message::Kind::Text
    };
    (last) => {
        $crate::message::Kind::Last
    };
    (list) => {
        $crate::message::Kind::List
    };
    (words) => {
        $crate::message::Kind::Words
    };
    (rest) => {
        $crate::message::Kind::Rest
    };
    (optional text) => {
        $crate::message::Kind::OptionalText
    };
    (optional list) => {
        $crate::message::Kind::OptionalList
    };
}

macro_rules! take {
    ($reader:ident text) => {
        $reader.text()
    };
    ($reader:ident last) => {
        $reader.last()
    };
    ($reader:ident list) => {
        $crate::message::List::new($reader.text())
    };
    ($reader:ident words) => {
        $crate::message::Words::new($reader.last())
    };
    ($reader:ident rest) => {
        $reader.rest()
    };
    ($reader:ident optional text) => {
        $reader.optional()
    };
    ($reader:ident optional list) => {
        $reader.optional().map($crate::message::List::new)
    };
}

macro_rules! put {
    ($slots:ident $field:ident text) => {
        $slots.put($field)
    };
    ($slots:ident $field:ident last) => {
        $slots.put($field)
    };
    ($slots:ident $field:ident list) => {
        $slots.put($field.as_bytes())
    };
    ($slots:ident $field:ident words) => {
        $slots.put($field.as_bytes())
    };
    ($slots:ident $field:ident rest) => {
        $slots.put_rest($field)
    };
    ($slots:ident $field:ident optional text) => {
        $slots.put_optional($field)
    };
    ($slots:ident $field:ident optional list) => {
        $slots.put_optional($field.map($crate::message::List::as_bytes))
    };
}

pub(super) use {command, held, kind, messages, name, put, slot, take, told};
