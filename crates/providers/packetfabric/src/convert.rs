//! Theirs to ours. Pure.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use orgform_model::invite::InviteStatus;
use orgform_model::world::{ActualAccount, ActualInvite, ActualMember, PastInvite, Reach, RemovalFacts};
use orgform_model::{AccountId, Email, Fields, InviteId, RoleId, Timestamp, Value};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::wire::{Customer, Invite, User};

pub(crate) fn actual_account(customer: &Customer) -> ActualAccount {
    ActualAccount {
        parent: None,
        fields: account_fields(customer),
        removal: RemovalFacts { reach: Reach::Everywhere, reversible: false },
    }
}

pub(crate) fn account_fields(customer: &Customer) -> Fields {
    let description = customer.description.clone().unwrap_or_default();
    Fields::from([
        ("displayName".to_owned(), Value::text(&customer.name)),
        ("description".to_owned(), Value::text(description)),
    ])
}

pub(crate) fn actual_member(user: &User) -> ActualMember {
    let names: Vec<&str> =
        [&user.first_name, &user.last_name].into_iter().flatten().map(String::as_str).collect();
    ActualMember {
        email: Some(Email::new(&user.email)),
        hint: (!names.is_empty()).then(|| names.join(" ")),
        roles: groups(user),
        // In no answer (section 4): what we did last is remembered.
        disabled: false,
        // Deleted users stay in the database and can't be made again (section 4).
        removal: RemovalFacts { reach: Reach::ThisAccount, reversible: false },
    }
}

/// The groups of a user: one, but for some from before August 2021 (section 5).
pub(crate) fn groups(user: &User) -> BTreeSet<RoleId> {
    let listed = user.groups.as_array().into_iter().flatten().filter_map(Json::as_str);
    listed.chain(user.group.as_deref()).map(RoleId::from).collect()
}

pub(crate) fn person_fields(user: &User) -> Fields {
    let User { first_name, last_name, phone, timezone, login, .. } = user;
    let login = Some(login.clone());
    [
        ("firstName", first_name),
        ("lastName", last_name),
        ("phone", phone),
        ("timezone", timezone),
        ("login", &login),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), Value::text(value.clone().unwrap_or_default())))
    .collect()
}

/// Their name of a field of ours.
pub(crate) fn their_name(field: &str) -> Option<&'static str> {
    Some(match field {
        "firstName" => "first_name",
        "lastName" => "last_name",
        "phone" => "phone",
        "timezone" => "timezone",
        "login" => "login",
        _ => return None,
    })
}

/// An invite that waits; none if somebody with its e-mail is a user, whatever the way (section 6).
pub(crate) fn actual_invite(customer: &AccountId, invite: &Invite) -> Option<ActualInvite> {
    let times = [&invite.time_updated, &invite.time_created];
    (!invite.user_created).then(|| ActualInvite {
        id: invite_id(customer, &invite.uuid),
        email: Email::new(&invite.email),
        roles: invite.group.as_deref().map(RoleId::from).into_iter().collect(),
        invited_at: times.into_iter().flatten().find_map(|text| time(text)),
        // None ever expires (section 6).
        status: InviteStatus::Pending,
    })
}

/// An invite that waits for nobody, since somebody with its e-mail is or was a user (section 6).
pub(crate) fn past_invite(invite: &Invite) -> Option<PastInvite> {
    invite.user_created.then(|| PastInvite {
        email: Email::new(&invite.email),
        roles: invite.group.as_deref().map(RoleId::from).into_iter().collect(),
        invited_at: invite.time_created.as_deref().and_then(time),
        accepted: invite.signup_completed,
    })
}

/// Stands for an invite outside this crate. Who knows the uuid can register (section 6), so only its hash, keyed
/// with the customer, leaves; it is enough to find the invite again.
pub(crate) fn invite_id(customer: &AccountId, uuid: &str) -> InviteId {
    let hash = Sha256::digest(format!("orgform invite\0{customer}\0{uuid}").as_bytes());
    let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    InviteId::from(format!("invite-{hex}"))
}

/// Reads a time. It comes with `Z`, with an offset, or without a zone and then is UTC (section 3).
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let civil: DateTime = text.trim_end_matches("+0000").parse().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Whether a text has the shape of a uuid. As a login such a text would be ambiguous in paths (section 4).
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.char_indices().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter == '-',
            _ => letter.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_was_seen() {
        let at: Timestamp = "2024-03-29T10:20:30.5Z".parse().unwrap();
        for text in ["2024-03-29T10:20:30.500Z", "2024-03-29T10:20:30.500000", "2024-03-29T10:20:30.5+0000"] {
            assert_eq!(time(text), Some(at), "{text}");
        }
        assert_eq!(time("yesterday"), None);
    }

    #[test]
    fn trap_06_an_invite_whose_user_exists_is_converged_not_pending() {
        let flags = |completed: bool, created: bool| {
            let invite: Invite =
                from_value(json!({ "uuid": "u", "email": "Ada@acme.example", "group": "regular",
                "signup_completed": completed, "user_created": created }))
                .unwrap();
            actual_invite(&"c".into(), &invite).is_some()
        };
        assert_eq!([flags(false, false), flags(true, true), flags(false, true)], [true, false, false]);
    }

    #[test]
    fn trap_08_every_group_of_a_legacy_user_is_seen() {
        let user: User = from_value(json!({ "uuid": "u", "login": "ada", "email": "ada@acme.example",
            "group": "admin", "groups": ["admin", "read-only"], "time_last_login": null, "new": {} }))
        .unwrap();
        assert_eq!(groups(&user), BTreeSet::from(["admin".into(), "read-only".into()]));
    }

    #[test]
    fn the_link_of_an_invite_is_not_in_its_id() {
        let uuid = "5f4c7a1e-9f0a-4c1b-8d53-0a1b2c3d4e5f";
        let id = invite_id(&"customer".into(), uuid);
        assert!(!id.as_str().contains(&uuid[..8]) && id == invite_id(&"customer".into(), uuid), "{id}");
        assert_ne!(id, invite_id(&"another".into(), uuid));
    }
}
