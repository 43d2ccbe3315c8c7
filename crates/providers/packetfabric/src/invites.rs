//! Sends invites, many in one call (packetfabric contract, section 6).
//!
//! Each POST mails people and nothing is ever taken back, so the lists are read first, and again whenever a call
//! was refused: what is there by then is not sent.

use std::collections::{BTreeSet, VecDeque};

use orgform_http::{Answer, Call};
use orgform_model::{AccountId, Applied, Email, InviteId, PersonId, RoleId};
use orgform_provider::{ErrorKind, ProviderError};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::client::{Api, accepted};
use crate::convert::{groups, invite_id};
use crate::fields::stale;
use crate::observe;
use crate::users::shown;
use crate::wire::{Invite, Sent, User};

/// Somebody to invite.
pub(crate) struct Wanted<'a> {
    pub(crate) account: &'a AccountId,
    pub(crate) email: &'a Email,
    pub(crate) roles: BTreeSet<RoleId>,
    pub(crate) group: RoleId,
    pub(crate) tried: &'a str,
}

type Outcome = Result<Applied, ProviderError>;

/// Invites everybody in as few calls as can be, and says for each what became of it, in the same order.
pub(crate) async fn invite_all(api: &Api, wanted: &[Wanted<'_>]) -> Vec<Outcome> {
    let mut outcomes: Vec<Option<Outcome>> = wanted.iter().map(|_| None).collect();
    let mut groups = VecDeque::from([(0..wanted.len()).collect::<Vec<usize>>()]);
    while let Some(group) = groups.pop_front() {
        let group = match Look::now(api).await {
            Ok(look) => look.still_to_send(group, wanted, &mut outcomes),
            Err(error) => {
                tell_all(&group, &error, wanted, &mut outcomes);
                continue;
            }
        };
        if group.is_empty() {
            continue;
        }
        let answer = match post(api, &group, wanted).await {
            Ok(answer) => answer,
            Err(error) => {
                tell_all(&group, &error, wanted, &mut outcomes);
                continue;
            }
        };
        if answer.status() != 400 {
            match accepted(answer).and_then(|answer| answer.json::<Vec<Sent>>()) {
                Ok(sent) => take_in(&group, &sent, wanted, &mut outcomes),
                Err(error) => tell_all(&group, &error, wanted, &mut outcomes),
            }
            continue;
        }
        // The whole array was refused. Whoever is named is told; the others go on their own.
        let refused = |at: usize| {
            let tried = wanted[at].tried;
            let field = answer.said().field.clone();
            let error = answer.error(ErrorKind::Rejected { field });
            ProviderError { tried: tried.to_owned(), ..error }.hint(
                "correct what is declared; a person who was deleted before can be invited by nobody, and \
                 PacketFabric's support must help.",
            )
        };
        let named = index_of(&answer).and_then(|index| group.get(index).copied());
        match (named, group.as_slice()) {
            (_, [only]) => outcomes[*only] = Some(Err(refused(*only))),
            (Some(named), _) => {
                outcomes[named] = Some(Err(refused(named)));
                groups.push_back(group.into_iter().filter(|at| *at != named).collect());
            }
            (None, _) => {
                let (first, second) = group.split_at(group.len() / 2);
                groups.extend([first.to_vec(), second.to_vec()]);
            }
        }
    }
    let missing = |at: usize| Err(stale(wanted[at].tried, "nothing is known of it"));
    outcomes.into_iter().enumerate().map(|(at, outcome)| outcome.unwrap_or_else(|| missing(at))).collect()
}

/// Mails an invite again. Its group can't be changed (section 6).
pub(crate) async fn resend(
    api: &Api,
    account: &AccountId,
    id: &InviteId,
    email: &Email,
    tried: &str,
) -> Outcome {
    let invites = observe::invites(api, tried).await?;
    let found = invites.iter().find(|invite| invite_id(account, &invite.uuid) == *id);
    let Some(invite) = found.filter(|invite| Email::new(&invite.email) == *email) else {
        return Err(stale(tried, "the invite is not there any more"));
    };
    if invite.user_created {
        return Err(stale(tried, "the person has signed up meanwhile"));
    }
    let call = Call::post(&["v2", "team-invites", &invite.uuid, "resend"], tried);
    accepted(api.send(call.secret(SecretString::from(invite.uuid.as_str()))).await?)?;
    let roles = invite.group.as_deref().map(RoleId::from).into_iter().collect();
    Ok(Applied::Invited { invite: id.clone(), roles })
}

/// Who is there, and who is invited.
struct Look {
    users: Vec<User>,
    invites: Vec<Invite>,
}

impl Look {
    async fn now(api: &Api) -> Result<Self, ProviderError> {
        let tried = "look who is there already";
        let (users, invites) = tokio::join!(observe::users(api, tried), observe::invites(api, tried));
        Ok(Self { users: users?, invites: invites? })
    }

    /// Settles whoever is there or invited already, and gives the others back.
    fn still_to_send(
        &self,
        group: Vec<usize>,
        wanted: &[Wanted<'_>],
        outcomes: &mut [Option<Outcome>],
    ) -> Vec<usize> {
        group
            .into_iter()
            .filter(|at| {
                let found = self.already(&wanted[*at]);
                let is_new = found.is_none();
                if !is_new {
                    outcomes[*at] = found;
                }
                is_new
            })
            .collect()
    }

    fn already(&self, wanted: &Wanted<'_>) -> Option<Outcome> {
        if let Some(user) = self.users.iter().find(|user| Email::new(&user.email) == *wanted.email) {
            let now = groups(user);
            return Some(match now == wanted.roles {
                true => Ok(Applied::Member { person: PersonId::from(user.uuid.as_str()), roles: now }),
                false => {
                    Err(stale(wanted.tried, format!("the person is a user already, in {}", shown(&now))))
                }
            });
        }
        let waits = |invite: &&Invite| !invite.user_created && Email::new(&invite.email) == *wanted.email;
        let waiting: Vec<&Invite> = self.invites.iter().filter(waits).collect();
        let first = waiting.first()?;
        let same = waiting.iter().find(|invite| invite.group.as_deref() == Some(wanted.group.as_str()));
        Some(match same {
            Some(invite) => Ok(Applied::Invited {
                invite: invite_id(wanted.account, &invite.uuid),
                roles: wanted.roles.clone(),
            }),
            None => {
                let group = first.group.as_deref().unwrap_or("no group");
                Err(stale(wanted.tried, format!("the person is invited already, to {group}")))
            }
        })
    }
}

async fn post(api: &Api, group: &[usize], wanted: &[Wanted<'_>]) -> Result<Answer, ProviderError> {
    let items = group.iter().map(|at| {
        let Wanted { email, group, .. } = &wanted[*at];
        json!({ "email": email.written(), "group": group.as_str() })
    });
    // An array, even for one.
    let call = Call::post(&["v2", "team-invites"], "send invites").body(Value::Array(items.collect()));
    api.send(call).await
}

fn take_in(group: &[usize], sent: &[Sent], wanted: &[Wanted<'_>], outcomes: &mut [Option<Outcome>]) {
    for at in group {
        let Wanted { account, email, roles, tried, .. } = &wanted[*at];
        let item = sent.iter().find(|item| Email::new(&item.email) == **email);
        outcomes[*at] = Some(match item {
            Some(Sent { uuid, email_sent, .. }) => {
                let (invite, roles) = (invite_id(account, uuid), roles.clone());
                match email_sent {
                    Some(false) => Ok(Applied::Unmailed { invite, roles }),
                    Some(true) | None => Ok(Applied::Invited { invite, roles }),
                }
            }
            None => {
                let said = "answered with success but said nothing of this person";
                Err(ProviderError::new(ErrorKind::Protocol, *tried, said).maybe_sent())
            }
        });
    }
}

fn tell_all(group: &[usize], error: &ProviderError, wanted: &[Wanted<'_>], outcomes: &mut [Option<Outcome>]) {
    for at in group {
        let tried = wanted[*at].tried.to_owned();
        outcomes[*at] = Some(Err(ProviderError { tried, ..error.clone() }));
    }
}

/// Which item a refusal speaks of: its text starts with a dotted path that has the index in it (section 3).
fn index_of(answer: &Answer) -> Option<usize> {
    let message = answer.said().message.as_deref()?;
    let (path, _) = message.split_once(':')?;
    path.split('.').find_map(|part| part.parse().ok())
}
