//! Members of an account (pureport contract, section 7).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::answer::{Answer, Answered, Refusal};
use super::body::{self, Link, Query};
use super::routes::Call;
use super::switches::InheritedMembership;
use super::world::{Member, Principal, Record, World};
use super::{access, accounts, roles, view};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    account: Option<Link>,
    user: Option<Link>,
    roles: Option<Vec<Link>>,
    #[serde(rename = "href")]
    _href: Option<String>,
}

/// A body that has been checked against the account in its path.
struct Checked {
    user: String,
    roles: BTreeSet<String>,
}

impl Checked {
    fn read(world: &World, call: &Call) -> Result<Self, Refusal> {
        let body: Body = body::read_json(&call.headers, &call.body)?;
        body::required(body.account.as_ref(), "account")?.is_account(call.param(0))?;
        let user = body::required(body.user.as_ref(), "user")?;
        let user = user.target("user", |prefix| prefix == "/users")?.to_owned();
        let links = body::required(body.roles, "roles")?;
        Ok(Checked { user, roles: roles::linked(world, call.param(0), &links)? })
    }
}

/// `GET /accounts/{accountId}/members`.
pub(crate) fn list(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let account = call.param(0);
    access::require(world, caller, account, "members", "read")?;
    Query::read(call.query.as_deref(), &[])?;
    let members = visible(world, account);
    Ok(Answer::List(
        members.values().map(|member| (member.user.clone(), view::member(world, member))).collect(),
    ))
}

/// `POST /accounts/{accountId}/members`: the user must exist.
pub(crate) fn add(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let account = call.param(0);
    access::require(world, caller, account, "members", "create")?;
    let Checked { user, roles } = Checked::read(world, call)?;
    if !world.users.contains_key(&user) {
        return Err(Refusal::invalid_link(format!("user: user {user} not found")));
    }
    let member = create(world, account, &user, roles)?;
    Ok(Answer::Created { location: view::member_href(account, &user), body: view::member(world, &member) })
}

/// `GET /accounts/{accountId}/members/{userId}`.
pub(crate) fn get(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let (account, user) = (call.param(0), call.param(1));
    access::require(world, caller, account, "members", "read")?;
    let members = visible(world, account);
    let member = members.get(user).ok_or_else(|| Refusal::not_found("member", user))?;
    Ok(Answer::Value(view::member(world, member)))
}

/// `PUT /accounts/{accountId}/members/{userId}`.
pub(crate) fn update(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    let (account, user) = (call.param(0), call.param(1));
    access::require(world, caller, account, "members", "update")?;
    find(world, account, user)?;
    let wanted = Checked::read(world, call)?;
    if wanted.user != user {
        return Err(Refusal::invalid_link("user: not the user in the path"));
    }
    let member = set_roles(world, account, user, wanted.roles)?;
    Ok(Answer::Value(view::member(world, &member)))
}

/// `DELETE /accounts/{accountId}/members/{userId}`: this account only.
pub(crate) fn delete(world: &mut World, call: &Call, caller: &Principal) -> Answered {
    access::require(world, caller, call.param(0), "members", "delete")?;
    remove(world, call.param(0), call.param(1))?;
    Ok(Answer::Gone)
}

/// Adds an existing user.
pub(crate) fn create(
    world: &mut World,
    account: &str,
    user: &str,
    roles: BTreeSet<String>,
) -> Result<Member, Refusal> {
    accounts::open_for_people(world, account)?;
    if world.member(account, user).is_some() {
        let message = format!("user {user} is a member of account {account}");
        return Err(Refusal::conflict("ACCOUNT_MEMBER_ALREADY_EXISTS", message));
    }
    let member = Member { account: account.to_owned(), user: user.to_owned(), roles };
    let after = view::member(world, &member);
    world.put(Record::Member(member.clone()));
    note(world, "ACCOUNT_MEMBER_CREATE", &member, None, Some(after));
    Ok(member)
}

/// Replaces the roles of a member.
pub(crate) fn set_roles(
    world: &mut World,
    account: &str,
    user: &str,
    roles: BTreeSet<String>,
) -> Result<Member, Refusal> {
    let member = find(world, account, user)?.clone();
    access::keep_an_admin(world, account, user, &roles)?;
    let before = view::member(world, &member);
    let member = Member { roles, ..member };
    let after = view::member(world, &member);
    world.put(Record::Member(member.clone()));
    note(world, "ACCOUNT_MEMBER_UPDATE", &member, Some(before), Some(after));
    Ok(member)
}

/// Removes a member from this account; the user and other accounts stay as they are.
pub(crate) fn remove(world: &mut World, account: &str, user: &str) -> Result<(), Refusal> {
    let member = find(world, account, user)?.clone();
    access::keep_an_admin(world, account, user, &BTreeSet::new())?;
    let before = view::member(world, &member);
    world.put(Record::MemberGone { account: account.to_owned(), user: user.to_owned() });
    note(world, "ACCOUNT_MEMBER_DELETE", &member, Some(before), None);
    Ok(())
}

fn find<'a>(world: &'a World, account: &str, user: &str) -> Result<&'a Member, Refusal> {
    world.member(account, user).ok_or_else(|| Refusal::not_found("member", user))
}

/// The account's own members and, by the switch `inherited-membership`, those of its ancestors.
fn visible(world: &World, account: &str) -> BTreeMap<String, Member> {
    let places = match world.switches.inherited_membership {
        InheritedMembership::Hidden => vec![account],
        InheritedMembership::Shown => {
            world.lineage(account).into_iter().map(|place| place.id.as_str()).collect()
        }
    };
    let mut members: BTreeMap<String, Member> = BTreeMap::new();
    for member in places.into_iter().flat_map(|place| world.members_of(place)) {
        let shown = members.entry(member.user.clone()).or_insert_with(|| Member {
            account: account.to_owned(),
            user: member.user.clone(),
            roles: BTreeSet::new(),
        });
        shown.roles.extend(member.roles.iter().cloned());
    }
    members
}

fn note(
    world: &mut World,
    kind: &str,
    member: &Member,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
) {
    let title = view::user_link(world, &member.user)["title"].clone();
    let href = view::member_href(&member.account, &member.user);
    let subject = view::link(href, title.as_str().unwrap_or(""));
    world.note(kind, &member.account, "ACCOUNT_MEMBER", subject, before, after);
}
