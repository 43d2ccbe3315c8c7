//! Behaviours that the contract leaves open: one switch each, its default first.

pub use crate::frame::switches::{SwitchError, Switching};
use crate::frame::switches::{SwitchValue, counted, switches};

switches! {
    named {
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
    other {
        /// How long a new item stays out of its list (`list-lag`; section 11).
        list_lag "list-lag" ListLag;
        /// After which time an invite is expired (`invite-life`; section 8, unknown there).
        invite_life "invite-life" InviteLife;
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

impl SwitchValue for ListLag {
    const KNOWN: &'static [&'static str] = &["none", "reads:N", "seconds:N"];

    fn read(text: &str) -> Option<Self> {
        match counted(text) {
            ("none", None) => Some(ListLag::None),
            ("reads", Some(n)) => Some(ListLag::Reads(n)),
            ("seconds", Some(n)) => Some(ListLag::Seconds(n)),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            ListLag::None => "none".to_owned(),
            ListLag::Reads(n) => format!("reads:{n}"),
            ListLag::Seconds(n) => format!("seconds:{n}"),
        }
    }
}

impl SwitchValue for InviteLife {
    const KNOWN: &'static [&'static str] = &["days:14", "days:N", "never"];

    fn read(text: &str) -> Option<Self> {
        match counted(text) {
            ("never", None) => Some(InviteLife::Never),
            ("days", Some(n)) => Some(InviteLife::Days(n)),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            InviteLife::Never => "never".to_owned(),
            InviteLife::Days(n) => format!("days:{n}"),
        }
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
                assert_eq!(switches.values()[name], value);
            }
        }
    }

    #[test]
    fn the_first_value_listed_is_the_default() {
        let defaults = Switches::default().values();
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
