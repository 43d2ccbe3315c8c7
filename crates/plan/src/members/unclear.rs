//! Members whom nobody can tell for certain: the e-mail can't be read, or somebody else has it too. They are named
//! and stay.

use orgform_model::Email;

use super::absent::titles;
use super::{Behind, Here, Remembered};
use crate::people::Seat;
use crate::plan::{Kept, Plan};

/// Names members whose e-mail can't be told.
pub(super) fn report_unreadable(here: &Here<'_, '_>, plan: &mut Plan) {
    for Seat { id, member, email } in here.roster.seats() {
        if email.is_some() {
            continue;
        }
        plan.kept.push(Kept {
            address: here.address(&Email::new(&format!("{{{id}}}"))),
            what: format!("member {}", here.ground.people.shown(id, member)),
            because: "its e-mail can't be read".into(),
        });
    }
}

/// Names members who have the e-mail of one whom we know.
pub(super) fn report_others<'a>(
    here: &Here<'_, 'a>,
    email: &Email,
    remembered: Option<Remembered<'a>>,
    plan: &mut Plan,
) {
    let Behind::Member(known, _) = here.behind(email, remembered) else { return };
    for other in here.roster.all_by_email(email).filter(|seat| seat.id != known) {
        plan.kept.push(Kept {
            address: here.address(email),
            what: [format!("member {}", other.named())]
                .into_iter()
                .chain(titles(here, &other.member.roles))
                .collect::<Vec<_>>()
                .join(", "),
            because: format!("the member that we know by this e-mail is {known}"),
        });
    }
}
