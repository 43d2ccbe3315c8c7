//! Takes out of a world what an account shows only because it is held above it.
//!
//! Where roles are inherited, a list of members may show in a child what somebody holds in its parent. Such a
//! grant is implied: it was not made in the child, is no drift there and can't be taken away there. Whether a
//! provider shows it need not be known: a grant that the parent's list has too allows nothing more, whoever made
//! it. What we made there, or what is declared there, stays in sight, so that it can be compared and taken back.

use std::collections::BTreeSet;

use orgform_model::change::Ref;
use orgform_model::invite::InviteStatus;
use orgform_model::state::MembershipRecord;
use orgform_model::world::{AccountContent, ActualInvite, ActualMember};
use orgform_model::{AccountId, Email, PersonId, ProviderState, RoleId, Semantics, World};

use crate::Input;
use crate::ground::Ground;
use crate::people::People;

/// Works on the ground of a world without what is only inherited.
pub(crate) fn on_own_ground<R>(input: &Input<'_>, work: impl FnOnce(&Ground<'_>) -> R) -> R {
    let ground = Ground::new(input);
    let Some(Own { world, taken_out }) = own_world(&ground) else { return work(&ground) };
    let mut ground = Ground::new(&Input { world: &world, ..*input });
    ground.taken_out = &taken_out;
    work(&ground)
}

/// Roles that an account shows of somebody because they are held above it, as far as can be told.
#[derive(Clone, Debug)]
pub(crate) struct TakenOut {
    pub(crate) account: AccountId,
    pub(crate) roles: BTreeSet<RoleId>,
}

/// A world without what is only inherited, and what was taken out.
struct Own {
    world: World,
    taken_out: Vec<TakenOut>,
}

/// The world without what is only inherited; none if nothing is.
fn own_world(ground: &Ground<'_>) -> Option<Own> {
    let input = &ground.input;
    cut(input.world, input.semantics, |shown| {
        let email = ground.people.known_by(shown.person, shown.member);
        // Whoever is declared absent goes everywhere, also from where it may be only shown.
        if email.is_some_and(|email| ground.offboarded.contains(email)) {
            return MadeHere { roles: shown.member.roles.clone(), member: true };
        }
        let remembered = remembered(shown, email, input.state);
        if waits_for(shown, email, remembered) {
            return MadeHere::default();
        }
        let mut made = made(email, remembered);
        let path = ground.accounts.label(shown.account);
        let declared = ground
            .declared_account(shown.account)
            .and(email)
            .and_then(|email| input.desired.membership(&path, email));
        if let Some(declared) = declared {
            let live = declared.grants.iter().filter(|(_, ends)| ends.is_none_or(|ends| ends > input.now));
            let roles = live.clone().filter_map(|(grant, _)| ground.roles.resolve(grant, &path, ground));
            made.roles.extend(roles.filter_map(|role: Ref<RoleId>| role.known().cloned()));
            made.member |= declared.grants.is_empty() || live.count() > 0;
        }
        made
    })
}

/// The same by what is remembered alone, to find out what became of interrupted writes.
pub(crate) fn own_world_as_remembered<'a>(
    world: &'a World,
    state: &ProviderState,
    semantics: &Semantics,
    people: &People<'a>,
) -> Option<World> {
    let own = cut(world, semantics, |shown| {
        let email = people.known_by(shown.person, shown.member);
        let remembered = remembered(shown, email, Some(state));
        if waits_for(shown, email, remembered) { MadeHere::default() } else { made(email, remembered) }
    });
    own.map(|own| own.world)
}

/// A member of an account who is a member of its parent too.
struct Shown<'a> {
    account: &'a AccountId,
    content: &'a AccountContent,
    person: &'a PersonId,
    member: &'a ActualMember,
    above: &'a BTreeSet<RoleId>,
}

/// What is known to have been made in the account itself.
#[derive(Default)]
struct MadeHere {
    roles: BTreeSet<RoleId>,
    /// A member also without any role.
    member: bool,
}

fn cut<'a>(world: &'a World, semantics: &Semantics, made: impl Fn(&Shown<'a>) -> MadeHere) -> Option<Own> {
    if !semantics.roles.inherited {
        return None;
    }
    let mut own: Option<Own> = None;
    for (account, content) in &world.contents {
        let parent = world.directory.accounts.get(account).and_then(|account| account.parent.as_ref());
        let above = parent.and_then(|parent| world.content(parent));
        let (Ok(content), Some(above)) = (content, above) else { continue };
        for shown in shown(account, content, above) {
            if shown.member.roles.is_disjoint(shown.above) {
                continue;
            }
            let MadeHere { roles: made, member } = made(&shown);
            let is_own = |role: &&RoleId| !shown.above.contains(*role) || made.contains(*role);
            let roles: BTreeSet<RoleId> = shown.member.roles.iter().filter(is_own).cloned().collect();
            if roles == shown.member.roles {
                continue;
            }
            let own = own.get_or_insert_with(|| Own { world: world.clone(), taken_out: vec![] });
            own.taken_out.push(TakenOut {
                account: account.clone(),
                roles: shown.member.roles.difference(&roles).cloned().collect(),
            });
            let Some(Ok(content)) = own.world.contents.get_mut(account) else { continue };
            if roles.is_empty() && !member {
                content.members.remove(shown.person);
            } else if let Some(member) = content.members.get_mut(shown.person) {
                member.roles = roles;
            }
        }
    }
    own
}

/// Members of both, found by way of the shorter list.
fn shown<'a>(
    account: &'a AccountId,
    content: &'a AccountContent,
    above: &'a AccountContent,
) -> impl Iterator<Item = Shown<'a>> {
    let fewer = if above.members.len() < content.members.len() { above } else { content };
    fewer.members.keys().filter_map(move |person| {
        let (member, above) = (content.members.get(person)?, above.members.get(person)?);
        Some(Shown { account, content, person, member, above: &above.roles })
    })
}

fn remembered<'s>(
    shown: &Shown<'_>,
    email: Option<&Email>,
    state: Option<&'s ProviderState>,
) -> Option<&'s MembershipRecord> {
    let ours = state?.memberships.get(shown.account)?;
    let is_about = |record: &&MembershipRecord| record.person.as_ref().is_none_or(|one| one == shown.person);
    let by_email = email.and_then(|email| ours.get(email)).filter(is_about);
    by_email.or_else(|| ours.values().find(|record| record.person.as_ref() == Some(shown.person)))
}

/// Whether an invite to the account still waits for the person: then what is shown of them is not from there. One
/// that can't be accepted any more tells nothing: who is shown is not mailed again.
fn waits_for(shown: &Shown<'_>, email: Option<&Email>, remembered: Option<&MembershipRecord>) -> bool {
    let joined = remembered.is_some_and(|record| record.person.is_some());
    let waiting =
        |invite: &ActualInvite| invite.status == InviteStatus::Pending && Some(&invite.email) == email;
    !joined && shown.content.invites.iter().any(waiting)
}

fn made(email: Option<&Email>, remembered: Option<&MembershipRecord>) -> MadeHere {
    let ours = remembered.into_iter().flat_map(|record| record.granted.keys().chain(&record.kept));
    // Of whom nobody can tell who it is, it may be somebody who is to be invited.
    let unknown = email.is_none() && remembered.is_none();
    MadeHere { roles: ours.cloned().collect(), member: unknown }
}
