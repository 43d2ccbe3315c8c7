//! Behaviours that the contract leaves open: one switch each, its default first.

use crate::frame::switches::switches;
pub use crate::frame::switches::{SwitchError, Switching};

switches! {
    named {
        /// Whether a user who was deleted can still be seen (`deleted-user`; section 4).
        deleted_user "deleted-user" DeletedUser {
            "They are in no list, and reading one is 404." Gone "gone",
            "They are in no list, but can be read by uuid." Readable "readable"
        }
        /// The status when a deleted login or e-mail is created again (`recreate`; section 4).
        recreate "recreate" Recreate {
            "400." BadRequest "400",
            "409." Conflict "409"
        }
        /// What inviting the e-mail of a deleted user does (`deleted-invite`; section 4).
        deleted_invite "deleted-invite" DeletedInvite {
            "It is refused: 400." Refused "refused",
            "It is sent, but sign-up never completes." Stuck "stuck"
        }
        /// What inviting the e-mail of a live user does (`live-invite`; section 6).
        live_invite "live-invite" LiveInvite {
            "It is refused: 400." Refused "refused",
            "It is sent, and marked as done at once." Accepted "accepted"
        }
        /// How a mail that can't be sent is told by the bulk invite (`undeliverable`; section 6).
        undeliverable "undeliverable" Undeliverable {
            "Its item says email_sent: false, the others go." Item "item",
            "The whole call is 400 with the index, and none goes." Whole "whole"
        }
        /// The login of a user made by invite (`invite-login`; section 6).
        invite_login "invite-login" InviteLogin {
            "Their e-mail." Email "email",
            "What is before the @, and a number if that is taken." Short "short"
        }
        /// Whether the last admin, or the caller's own admin right, can be taken away (`last-admin`; section 5).
        last_admin "last-admin" LastAdmin {
            "It can't: 400." Protected "protected",
            "It can." Unprotected "unprotected"
        }
        /// The status of lists of users and invites (`list-status`; section 3).
        list_status "list-status" ListStatus {
            "201, as documented." Created "201",
            "200." Ok "200"
        }
        /// What reading one invite answers (`single-invite`; section 6).
        single_invite "single-invite" SingleInvite {
            "An array, as documented." Array "array",
            "The invite." Object "object"
        }
        /// What a log-in does to other sessions of the user (`login`; section 2).
        login "login" LoginSessions {
            "They stay." Keep "keep",
            "They end, as in older versions." End "end"
        }
        /// Whether errors made by a fault carry the error body (`gateway-body`; section 3).
        gateway_body "gateway-body" GatewayBody {
            "They don't." Absent "absent",
            "They do." Present "present"
        }
    }
    other {}
}
