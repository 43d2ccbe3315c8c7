//! Reads the content of a `Member`.

use std::sync::Arc;

use orgform_model::Value;
use orgform_model::policy::Removal;

use super::fields::{IDENTITY, MEMBER, MEMBERSHIP};
use super::provider::secret_source;
use super::{filled, not_empty, reference};
use crate::manifest::{At, Identity, Member, Membership};
use crate::names::quoted;
use crate::walk::{Fields, Walk};
use crate::yaml::Node;

pub(super) const REMOVAL: &[(&str, Removal)] =
    &[("Remove", Removal::Remove), ("Disable", Removal::Disable), ("Retain", Removal::Retain)];

#[derive(Clone, Copy, PartialEq)]
enum Onboarding {
    Invite,
    Create,
}

const ONBOARDING: &[(&str, Onboarding)] = &[("Invite", Onboarding::Invite), ("Create", Onboarding::Create)];
const PERSON_FIELDS: [&str; 5] = ["firstName", "lastName", "phone", "timezone", "login"];

pub(super) fn member(walk: &mut Walk<'_>, node: &Node) -> Option<Member> {
    let fields = walk.fields(node, MEMBER)?;
    let mut member = Member {
        email: walk.need(&fields, "email", Walk::email),
        memberships: walk
            .opt(&fields, "memberships", |walk, node| walk.list(node, membership))
            .unwrap_or_default(),
        removal: walk.opt(&fields, "removal", |walk, node| walk.choice(node, REMOVAL)),
        identities: walk
            .opt(&fields, "identities", |walk, node| walk.list(node, identity))
            .unwrap_or_default(),
        offboarded: walk.opt(&fields, "offboarded", |walk, node| {
            walk.flag(node).map(|value| At { value, span: node.span })
        }),
        ..Member::default()
    };
    let onboarding = walk.opt(&fields, "onboarding", |walk, node| walk.choice(node, ONBOARDING));
    for name in PERSON_FIELDS {
        if let Some(text) = walk.opt(&fields, name, filled) {
            member.fields.insert(name.to_owned(), Value::text(text.value));
        }
    }
    // Only where it comes from: the secret itself is never part of what is desired.
    member.password = walk
        .opt(&fields, "password", |walk, node| secret_source(walk, node, "password"))
        .map(|password| password.source.to_ref());
    if onboarding == Some(Onboarding::Create) {
        member.create = Some(fields.key_span("onboarding"));
    } else {
        only_with_create(walk, &fields);
    }
    let offboarded = member.offboarded.as_ref().is_some_and(|flag| flag.value);
    member.silent = fields.entry("memberships").is_none() && !offboarded;
    says_something(walk, &fields, &member);
    Some(member)
}

fn only_with_create(walk: &mut Walk<'_>, fields: &Fields<'_>) {
    if let Some(entry) = fields.entry("password") {
        walk.error(entry.span, "`password` needs `onboarding: Create`").hint =
            Some("people who are invited choose it themselves.".to_owned());
    }
}

fn says_something(walk: &mut Walk<'_>, fields: &Fields<'_>, member: &Member) {
    let silent = member.silent && fields.entry("identities").is_none();
    // With an error, the memberships may be what could not be read.
    if silent && !walk.has_errors() {
        walk.warning(fields.span, "this member has no memberships").hint = Some(
            "what it declared before stays as it is; write `memberships: []` to take that away, or `offboarded: true` \
             if the person should be nowhere."
                .to_owned(),
        );
    }
}

fn membership(walk: &mut Walk<'_>, node: &Node) -> Option<Membership> {
    let fields = walk.fields(node, MEMBERSHIP)?;
    let account = walk.need(&fields, "accountRef", reference);
    let roles = walk.need(&fields, "roles", |walk, node| {
        let roles = not_empty(walk, node, |walk, node| {
            filled(walk, node).map(|role| At { value: Arc::<str>::from(role.value), span: role.span })
        })?;
        warn_of_repetition(walk, &roles);
        Some(roles)
    });
    let expires_at = walk.opt(&fields, "expiresAt", Walk::timestamp);
    // Without its roles the object is broken; the account is kept for looking it up.
    Some(Membership { span: node.span, account: account?, roles: roles.unwrap_or_default(), expires_at })
}

pub(super) fn warn_of_repetition(walk: &mut Walk<'_>, roles: &[At<Arc<str>>]) {
    for (index, role) in roles.iter().enumerate() {
        if roles[..index].iter().any(|other| other.value == role.value) {
            let said = format!("the role {} is listed twice", quoted(&role.value));
            walk.warning(role.span, said);
        }
    }
}

fn identity(walk: &mut Walk<'_>, node: &Node) -> Option<Identity> {
    let fields = walk.fields(node, IDENTITY)?;
    let provider = walk.need(&fields, "providerRef", reference);
    let id = walk.need(&fields, "id", filled);
    Some(Identity { provider: provider?, id: id? })
}
