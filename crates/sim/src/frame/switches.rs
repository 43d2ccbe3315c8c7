//! Switches: behaviours that a contract leaves open, set by name.
//!
//! A switch exists for each row of a contract marked "switch" and for each INFERRED row with an alternative
//! that a client could trip over. `name=value` sets one, so that a command line flag can carry it. A simulator
//! lists its own with [`switches!`].

use std::collections::BTreeMap;
use std::fmt::Debug;

/// A switch or a value that doesn't exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// The text is not `name=value`.
    #[error("`{0}` is not of the form name=value")]
    Form(String),
    /// There is no switch of this name.
    #[error("there is no switch `{name}`; the switches are {known}")]
    Name {
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
    /// The switch has no such value.
    #[error("switch `{name}` can't be `{value}`; its values are {known}")]
    Value {
        /// The switch.
        name: String,
        /// What was asked for.
        value: String,
        /// All values.
        known: String,
    },
}

/// All switches of a simulator; the default is the contract's own where it names one.
pub trait Switching: Clone + Debug + Default + Send + 'static {
    /// Each switch with its values, the default first.
    #[must_use]
    fn known() -> Vec<(&'static str, &'static [&'static str])>;

    /// Sets one switch.
    ///
    /// # Errors
    ///
    /// Names what exists when the name or the value doesn't.
    fn put(&mut self, name: &str, value: &str) -> Result<(), SwitchError>;

    /// Each switch with its present value.
    #[must_use]
    fn values(&self) -> BTreeMap<&'static str, String>;

    /// Sets one switch from `name=value`.
    ///
    /// # Errors
    ///
    /// Names what exists when the name or the value doesn't.
    fn set(&mut self, text: &str) -> Result<(), SwitchError> {
        let (name, value) = text.split_once('=').ok_or_else(|| SwitchError::Form(text.to_owned()))?;
        self.put(name.trim(), value.trim())
    }

    /// Reads `name=value` pairs separated by commas; what isn't named has its default.
    ///
    /// # Errors
    ///
    /// Names what exists when a name or a value doesn't.
    fn read(text: &str) -> Result<Self, SwitchError> {
        let mut switches = Self::default();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            switches.set(pair)?;
        }
        Ok(switches)
    }
}

/// A value that a switch may have.
pub(crate) trait SwitchValue: Sized {
    /// All values as they are written, the default first; `N` stands for a number.
    const KNOWN: &'static [&'static str];

    /// Reads one.
    fn read(text: &str) -> Option<Self>;

    /// Writes it.
    fn text(&self) -> String;
}

/// The refusal of a switch that doesn't exist.
pub(crate) fn no_such_switch<S: Switching>(name: &str) -> SwitchError {
    let known: Vec<_> = S::known().into_iter().map(|(name, _)| name).collect();
    SwitchError::Name { name: name.to_owned(), known: known.join(", ") }
}

/// Reads a value of one switch.
pub(crate) fn value<V: SwitchValue>(name: &str, text: &str) -> Result<V, SwitchError> {
    V::read(text).ok_or_else(|| SwitchError::Value {
        name: name.to_owned(),
        value: text.to_owned(),
        known: V::KNOWN.join(", "),
    })
}

/// Splits `word:number`; a bare word has no number.
pub(crate) fn counted(value: &str) -> (&str, Option<u32>) {
    match value.split_once(':') {
        Some((word, number)) => (if number.parse::<u32>().is_ok() { word } else { "" }, number.parse().ok()),
        None => (value, None),
    }
}

/// Declares the switches of a simulator: first those with a few named values, an enum each, then those whose
/// type is written out and implements [`SwitchValue`].
macro_rules! switches {
    (
        named {
            $(
                $(#[$doc:meta])*
                $field:ident $name:literal $Type:ident {
                    $default_doc:literal $default:ident $default_name:literal
                    $(, $doc_text:literal $variant:ident $value_name:literal)+
                }
            )*
        }
        other {
            $($(#[$other_doc:meta])* $other:ident $other_name:literal $Other:ty;)*
        }
    ) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub enum $Type {
                #[doc = $default_doc]
                #[default]
                $default,
                $(#[doc = $doc_text] $variant,)+
            }

            impl $crate::frame::switches::SwitchValue for $Type {
                const KNOWN: &'static [&'static str] = &[$default_name $(, $value_name)+];

                fn read(text: &str) -> Option<Self> {
                    match text {
                        $default_name => Some(Self::$default),
                        $($value_name => Some(Self::$variant),)+
                        _ => None,
                    }
                }

                fn text(&self) -> String {
                    match self {
                        Self::$default => $default_name,
                        $(Self::$variant => $value_name,)+
                    }
                    .to_owned()
                }
            }
        )*

        /// All switches; the default is the contract's own where it names one.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Switches {
            $($(#[$doc])* pub $field: $Type,)*
            $($(#[$other_doc])* pub $other: $Other,)*
        }

        impl $crate::frame::switches::Switching for Switches {
            fn known() -> Vec<(&'static str, &'static [&'static str])> {
                use $crate::frame::switches::SwitchValue;
                vec![
                    $(($name, <$Type as SwitchValue>::KNOWN),)*
                    $(($other_name, <$Other as SwitchValue>::KNOWN),)*
                ]
            }

            fn put(&mut self, name: &str, value: &str) -> Result<(), $crate::frame::switches::SwitchError> {
                use $crate::frame::switches;
                match name {
                    $($name => self.$field = switches::value(name, value)?,)*
                    $($other_name => self.$other = switches::value(name, value)?,)*
                    _ => return Err(switches::no_such_switch::<Self>(name)),
                }
                Ok(())
            }

            fn values(&self) -> std::collections::BTreeMap<&'static str, String> {
                use $crate::frame::switches::SwitchValue as _;
                std::collections::BTreeMap::from([
                    $(($name, self.$field.text()),)*
                    $(($other_name, self.$other.text()),)*
                ])
            }
        }

        impl std::str::FromStr for Switches {
            type Err = $crate::frame::switches::SwitchError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::frame::switches::Switching::read(text)
            }
        }
    };
}

pub(crate) use switches;
