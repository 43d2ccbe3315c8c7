//! Behaviours that the contract leaves open: one switch each, its default first.
//!
//! A switch exists for each row of the contract marked "switch" and for each INFERRED row with an alternative
//! that a client could trip over. `name=value` sets one, so that a command line flag can carry it.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

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

macro_rules! switches {
    ($(
        $(#[$doc:meta])*
        $field:ident $name:literal $Type:ident {
            $default_doc:literal $default:ident $default_name:literal
            $(, $doc_text:literal $variant:ident $value_name:literal)+
        }
    )+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
            pub enum $Type {
                #[doc = $default_doc]
                #[default]
                $default,
                $(#[doc = $doc_text] $variant,)+
            }
        )+

        /// All switches; the default is the contract's own where it names one.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
        pub struct Switches {
            $($(#[$doc])* pub $field: $Type,)+
            /// How long a new item stays out of its list (`list-lag`; section 11).
            pub list_lag: ListLag,
            /// After which time an invite is expired (`invite-life`; section 8, unknown there).
            pub invite_life: InviteLife,
        }

        impl Switches {
            /// Each switch with its values, the default first.
            #[must_use]
            pub fn known() -> Vec<(&'static str, Vec<&'static str>)> {
                vec![
                    $(($name, vec![$default_name $(, $value_name)+]),)+
                    ("list-lag", vec!["none", "reads:N", "seconds:N"]),
                    ("invite-life", vec!["days:14", "days:N", "never"]),
                ]
            }

            /// Sets one switch from `name=value`.
            ///
            /// # Errors
            ///
            /// Names what exists when the name or the value doesn't.
            pub fn set(&mut self, text: &str) -> Result<(), SwitchError> {
                let (name, value) =
                    text.split_once('=').ok_or_else(|| SwitchError::Form(text.to_owned()))?;
                self.put(name.trim(), value.trim())
            }

            fn put(&mut self, name: &str, value: &str) -> Result<(), SwitchError> {
                match name {
                    $($name => match value {
                        $default_name => self.$field = $Type::$default,
                        $($value_name => self.$field = $Type::$variant,)+
                        _ => return Err(no_such_value(name, value)),
                    },)+
                    "list-lag" => {
                        self.list_lag = match counted(value) {
                            ("none", None) => ListLag::None,
                            ("reads", Some(n)) => ListLag::Reads(n),
                            ("seconds", Some(n)) => ListLag::Seconds(n),
                            _ => return Err(no_such_value(name, value)),
                        }
                    }
                    "invite-life" => {
                        self.invite_life = match counted(value) {
                            ("never", None) => InviteLife::Never,
                            ("days", Some(n)) => InviteLife::Days(n),
                            _ => return Err(no_such_value(name, value)),
                        }
                    }
                    _ => {
                        let known: Vec<_> = Self::known().into_iter().map(|(name, _)| name).collect();
                        return Err(SwitchError::Name { name: name.to_owned(), known: known.join(", ") });
                    }
                }
                Ok(())
            }
        }

        impl From<Switches> for BTreeMap<String, String> {
            fn from(switches: Switches) -> Self {
                let mut map = BTreeMap::new();
                $(
                    let value = match switches.$field {
                        $Type::$default => $default_name,
                        $($Type::$variant => $value_name,)+
                    };
                    map.insert($name.to_owned(), value.to_owned());
                )+
                let lag = match switches.list_lag {
                    ListLag::None => "none".to_owned(),
                    ListLag::Reads(n) => format!("reads:{n}"),
                    ListLag::Seconds(n) => format!("seconds:{n}"),
                };
                map.insert("list-lag".to_owned(), lag);
                let life = match switches.invite_life {
                    InviteLife::Never => "never".to_owned(),
                    InviteLife::Days(n) => format!("days:{n}"),
                };
                map.insert("invite-life".to_owned(), life);
                map
            }
        }
    };
}

switches! {
    /// What a PUT does to optional fields that it leaves out (`put-omitted`; section 4).
    put_omitted "put-omitted" PutOmitted {
        "They are cleared: a PUT carries the whole object." Cleared "cleared",
        "They stay as they are." Kept "kept"
    }
    /// How `all` in permissions is answered (`permission-all`; section 6).
    permission_all "permission-all" PermissionAll {
        "As it was sent, missing cells filled with false." Stored "stored",
        "Spread out: each cell that `all` covers is true as well." Expanded "expanded"
    }
    /// Whether the predefined Admin role can be changed or deleted (`admin-role`; section 6).
    admin_role "admin-role" AdminRole {
        "It can't: MODIFICATION_NOT_ALLOWED." Locked "locked",
        "It can." Editable "editable"
    }
    /// Which roles the list of a child account shows (`child-roles`; section 6).
    child_roles "child-roles" ChildRoles {
        "Those that the child owns." Own "own",
        "Those of its ancestors too." Inherited "inherited"
    }
    /// Whether a member of a child account may be given a role of a parent (`parent-role`; section 6).
    parent_role "parent-role" ParentRole {
        "It may." Allowed "allowed",
        "It may not: INVALID_LINK." Refused "refused"
    }
    /// What deleting a role does that someone holds (`role-in-use`; section 6).
    role_in_use "role-in-use" RoleInUse {
        "It is refused: 409 CONFLICT." Conflict "conflict",
        "The role is taken from its holders without a word." Removed "removed"
    }
    /// Whether a user other than the caller can be read (`other-users`; section 7).
    other_users "other-users" OtherUsers {
        "They can." Readable "readable",
        "They can't: 403." Forbidden "forbidden"
    }
    /// Whether access inherited from a parent shows as membership of the child (`inherited-membership`; section 7).
    inherited_membership "inherited-membership" InheritedMembership {
        "It doesn't." Hidden "hidden",
        "It does." Shown "shown"
    }
    /// What inviting the e-mail of an existing user does (`known-email`; section 8).
    known_email "known-email" KnownEmail {
        "The user is a member at once, and no invite stays." Member "member",
        "An invite waits for them as for anybody." Invite "invite"
    }
    /// What a second invite for one e-mail in one account does (`duplicate-invites`; section 8).
    duplicate_invites "duplicate-invites" DuplicateInvites {
        "It is refused: 409 CONFLICT." Conflict "conflict",
        "It stands beside the first." Allowed "allowed"
    }
    /// Whether an expired invite can be accepted (`expired-accept`; section 8).
    expired_accept "expired-accept" ExpiredAccept {
        "It can't: it needs to be sent again." Refused "refused",
        "It can." Accepted "accepted"
    }
    /// Whether a refresh answers with a new refresh token (`refresh-token`; section 2).
    refresh_token "refresh-token" RefreshToken {
        "It doesn't: the old one stays good." Omitted "omitted",
        "It does." Renewed "renewed"
    }
    /// The status of an answer to a create (`create-status`; section 4).
    create_status "create-status" CreateStatus {
        "201." Created "201",
        "200." Ok "200"
    }
    /// The status of an answer to a delete (`delete-status`; section 4).
    delete_status "delete-status" DeleteStatus {
        "204." NoContent "204",
        "200." Ok "200"
    }
    /// Whether errors made by a fault carry the error body (`gateway-body`; section 3).
    gateway_body "gateway-body" GatewayBody {
        "They don't." Absent "absent",
        "They do." Present "present"
    }
    /// Whether two roles of one account may have the same name (`role-names`; section 6).
    role_names "role-names" RoleNames {
        "They may." Any "any",
        "They may not: 409 CONFLICT." Unique "unique"
    }
    /// What becomes of tags sent for an account (`account-tags`; section 5).
    account_tags "account-tags" AccountTags {
        "They are kept." Kept "kept",
        "They are ignored without a word." Ignored "ignored"
    }
    /// Whether people can be added to an account without MSA and AUP accepted (`consent`; section 5).
    consent "consent" ConsentRule {
        "They can." Optional "optional",
        "They can't: 409 CONSENT_REQUIRED." Required "required"
    }
}

/// How long a new item stays out of its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListLag {
    /// It is listed at once.
    #[default]
    None,
    /// It is missing from this many reads of the list.
    Reads(u32),
    /// It is missing for this many seconds.
    Seconds(u32),
}

/// After which time an invite is expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteLife {
    /// After this many days.
    Days(u32),
    /// Not by itself.
    Never,
}

impl Default for InviteLife {
    fn default() -> Self {
        InviteLife::Days(14)
    }
}

/// Reads `name=value` pairs separated by commas; what isn't named has its default.
impl FromStr for Switches {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        let mut switches = Switches::default();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            switches.set(pair)?;
        }
        Ok(switches)
    }
}

impl TryFrom<BTreeMap<String, String>> for Switches {
    type Error = SwitchError;

    fn try_from(map: BTreeMap<String, String>) -> Result<Self, SwitchError> {
        let mut switches = Switches::default();
        for (name, value) in map {
            switches.put(&name, &value)?;
        }
        Ok(switches)
    }
}

fn no_such_value(name: &str, value: &str) -> SwitchError {
    let known = Switches::known().into_iter().find(|(known, _)| *known == name).map(|(_, values)| values);
    SwitchError::Value {
        name: name.to_owned(),
        value: value.to_owned(),
        known: known.unwrap_or_default().join(", "),
    }
}

/// Splits `word:number`; a bare word has no number.
fn counted(value: &str) -> (&str, Option<u32>) {
    match value.split_once(':') {
        Some((word, number)) => (if number.parse::<u32>().is_ok() { word } else { "" }, number.parse().ok()),
        None => (value, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_switch_can_be_set_and_is_told_back() {
        for (name, values) in Switches::known() {
            for value in values {
                let value = value.replace(":N", ":3");
                let mut switches = Switches::default();
                switches.set(&format!("{name}={value}")).unwrap();
                assert_eq!(BTreeMap::from(switches)[name], value);
            }
        }
    }

    #[test]
    fn the_first_value_listed_is_the_default() {
        let defaults = BTreeMap::from(Switches::default());
        for (name, values) in Switches::known() {
            assert_eq!(defaults[name], values[0], "{name}");
        }
    }

    #[test]
    fn a_wrong_name_or_value_names_what_exists() {
        let mut switches = Switches::default();
        let error = switches.set("role-in-use=maybe").unwrap_err().to_string();
        assert_eq!(error, "switch `role-in-use` can't be `maybe`; its values are conflict, removed");
        assert!(switches.set("rolle=1").unwrap_err().to_string().contains("role-in-use"));
        assert!(switches.set("list-lag=reads:x").is_err());
        assert!(switches.set("role-in-use").is_err());
        assert_eq!(
            "list-lag=reads:2, known-email=invite".parse::<Switches>().unwrap().list_lag,
            ListLag::Reads(2)
        );
    }
}
