//! Invites: memberships that wait for their person, and the mails that tell them (pureport contract, section 8).

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Link, Query};
use super::routes::Call;
use super::switches::{DuplicateInvites, ExpiredAccept, KnownEmail};
use super::world::{Invite, Member, Principal, Record, World};
use super::{access, accounts, members, roles, view};
use crate::frame::Mail;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    id: Option<String>,
    account: Option<Link>,
    email: Option<String>,
    roles: Option<Vec<Link>>,
    #[serde(rename = "invitedAt")]
    _invited_at: Option<String>,
    #[serde(rename = "invitedBy")]
    _invited_by: Option<Link>,
    #[serde(rename = "expired")]
    _expired: Option<bool>,
    #[serde(rename = "href")]
    _href: Option<String>,
}

/// A body that has been checked against the account in its path.
struct Checked {
    id: Option<String>,
    email: String,
    roles: BTreeSet<String>,
}

impl Checked {
    fn read(world: &World, call: &Call) -> Result<Self, Refusal> {
        let body: Body = body::read_json(&call.headers, &call.body)?;
        body::required(body.account.as_ref(), "account")?.is_account(call.param(0))?;
        let email = body::required(body.email, "email")?;
        body::email(&email)?;
        let links = body::required(body.roles, "roles")?;
        Ok(Checked { id: body.id, email, roles: roles::linked(world, call.param(0), &links)? })
    }
}

/// What inviting someone led to.
pub(crate) enum Invited {
    Waiting(Invite),
    /// The e-mail was known: a member at once, and no invite in the list.
    Joined(Invite, Member),
}

/// `GET /accounts/{accountId}/invites`.
pub(crate) fn list(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "members", "read")?;
    Query::read(call.query.as_deref(), &[])?;
    let invites = world.invites_of(call.param(0));
    Ok(Answer::List(invites.map(|invite| (invite.id.clone(), view::invite(world, invite))).collect()))
}

/// `POST /accounts/{accountId}/invites`.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let account = call.param(0);
    access::require(world, caller, account, "members", "create")?;
    let Checked { id: _, email, roles } = Checked::read(world, call)?;
    Ok(match create(world, account, &email, roles, caller)? {
        Invited::Waiting(invite) => Answer::Created {
            location: view::invite_href(account, &invite.id),
            body: view::invite(world, &invite),
        },
        // There is no invite that an id or href could name; the created thing is the member.
        Invited::Joined(invite, member) => {
            let mut body = view::invite(world, &invite);
            if let Value::Object(fields) = &mut body {
                fields.remove("id");
                fields.remove("href");
            }
            Answer::Created { location: view::member_href(account, &member.user), body }
        }
    })
}

/// `GET /accounts/{accountId}/invites/{inviteId}`.
pub(crate) fn get(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "members", "read")?;
    let invite = find(world, call.param(0), call.param(1))?;
    Ok(Answer::Value(view::invite(world, invite)))
}

/// `PUT /accounts/{accountId}/invites/{inviteId}?reinvite={bool}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let (account, id) = (call.param(0), call.param(1));
    access::require(world, caller, account, "members", "update")?;
    let again: bool = Query::read(call.query.as_deref(), &["reinvite"])?.parsed("reinvite")?.unwrap_or(false);
    let before = find(world, account, id)?.clone();
    let wanted = Checked::read(world, call)?;
    accounts::same_id(wanted.id.as_deref(), id)?;
    if !wanted.email.eq_ignore_ascii_case(&before.email) {
        return Err(Refusal::not_allowed("the e-mail of an invite can't be changed"));
    }
    let mut invite = Invite { roles: wanted.roles, ..before };
    if again {
        invite.invited_at = world.now();
        invite.expired = false;
        invite.link = world.new_secret("link");
        send(world, &invite.email, "reinvite", account);
    }
    replace(world, invite.clone());
    Ok(Answer::Value(view::invite(world, &invite)))
}

/// `DELETE /accounts/{accountId}/invites/{inviteId}`.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "members", "delete")?;
    remove(world, call.param(0), call.param(1))?;
    Ok(Answer::Gone)
}

/// `POST /invites`: accepts every invite of the calling user.
pub(crate) fn accept_own(world: &mut World, _call: &Call, caller: &Principal) -> Answered {
    let Principal::User(user) = caller else {
        return Err(Refusal::forbidden("an API key has no invites"));
    };
    let email = world.users.get(user).map(|user| user.email.clone()).unwrap_or_default();
    let (_, accepted) = accept(world, user, &email, None);
    Ok(Answer::List(accepted))
}

/// Invites an e-mail and mails its person.
pub(crate) fn create(
    world: &mut World,
    account: &str,
    email: &str,
    roles: BTreeSet<String>,
    by: &Principal,
) -> Result<Invited, Refusal> {
    accounts::open_for_people(world, account)?;
    let known = world.user_by_email(email).map(|user| user.id.clone());
    if let Some(user) = known.as_ref().filter(|user| world.member(account, user).is_some()) {
        let message = format!("user {user} is a member of account {account}");
        return Err(Refusal::conflict("ACCOUNT_MEMBER_ALREADY_EXISTS", message));
    }
    let waits = world.invites_to(email).any(|invite| invite.account == account);
    if waits && world.switches.duplicate_invites == DuplicateInvites::Conflict {
        return Err(Refusal::conflict(
            "CONFLICT",
            format!("an invite for {email} waits in account {account}"),
        ));
    }
    let invite = Invite {
        id: world.new_id("invite-"),
        account: account.to_owned(),
        email: email.to_owned(),
        roles: roles.clone(),
        invited_at: world.now(),
        invited_by: by.clone(),
        expired: false,
        link: world.new_secret("link"),
    };
    match known {
        Some(user) if world.switches.known_email == KnownEmail::Member => {
            let member = members::create(world, account, &user, roles)?;
            send(world, email, "added", account);
            Ok(Invited::Joined(invite, member))
        }
        _ => {
            let after = view::invite(world, &invite);
            world.put(Record::Invite(invite.clone()));
            send(world, email, "invite", account);
            note(world, "MEMBER_INVITE_CREATE", &invite, None, Some(after));
            Ok(Invited::Waiting(invite))
        }
    }
}

/// Puts a changed invite in the place of the one with its id.
pub(crate) fn replace(world: &mut World, invite: Invite) {
    let before = world.invite(&invite.account, &invite.id).map(|before| view::invite(world, before));
    let after = view::invite(world, &invite);
    world.put(Record::Invite(invite.clone()));
    note(world, "MEMBER_INVITE_UPDATE", &invite, before, Some(after));
}

/// Withdraws an invite.
pub(crate) fn remove(world: &mut World, account: &str, id: &str) -> Result<(), Refusal> {
    let invite = find(world, account, id)?.clone();
    let before = view::invite(world, &invite);
    world.put(Record::InviteGone { account: account.to_owned(), id: id.to_owned() });
    note(world, "MEMBER_INVITE_DELETE", &invite, Some(before), None);
    Ok(())
}

/// Lets a user accept the invites for an e-mail, in one account or all; returns how many couldn't be, being
/// expired, and those that were as they looked before.
pub(crate) fn accept(
    world: &mut World,
    user: &str,
    email: &str,
    account: Option<&str>,
) -> (usize, Vec<(String, Value)>) {
    let wanted = |invite: &&Invite| account.is_none_or(|account| account == invite.account);
    let waiting: Vec<Invite> = world.invites_to(email).filter(wanted).cloned().collect();
    let mut expired = 0;
    let mut accepted = Vec::new();
    for invite in waiting {
        if world.is_expired(&invite) && world.switches.expired_accept == ExpiredAccept::Refused {
            expired += 1;
            continue;
        }
        let before = view::invite(world, &invite);
        world.put(Record::InviteGone { account: invite.account.clone(), id: invite.id.clone() });
        note(world, "MEMBER_INVITE_ACCEPT", &invite, Some(before.clone()), None);
        // Someone who was added meanwhile has both: what they had and what they were invited for.
        let mut member = world.member(&invite.account, user).cloned().unwrap_or_else(|| Member {
            account: invite.account.clone(),
            user: user.to_owned(),
            roles: BTreeSet::new(),
        });
        member.roles.extend(invite.roles);
        world.put(Record::Member(member));
        accepted.push((invite.id, before));
    }
    (expired, accepted)
}

fn find<'a>(world: &'a World, account: &str, id: &str) -> Result<&'a Invite, Refusal> {
    world.invite(account, id).ok_or_else(|| Refusal::not_found("invite", id))
}

fn send(world: &mut World, to: &str, kind: &str, account: &str) {
    let at = world.now();
    world.put(Record::Mail(Mail {
        to: to.to_owned(),
        kind: kind.to_owned(),
        account: account.to_owned(),
        at,
    }));
}

fn note(world: &mut World, kind: &str, invite: &Invite, before: Option<Value>, after: Option<Value>) {
    let subject = view::link(view::invite_href(&invite.account, &invite.id), &invite.email);
    world.note(kind, &invite.account, "ACCOUNT_INVITE", subject, before, after);
}
