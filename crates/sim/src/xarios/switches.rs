//! Behaviours that the contract leaves open: one switch each, its default first.

pub use crate::frame::switches::{SwitchError, Switching};
use crate::frame::switches::{SwitchValue, switches};

switches! {
    named {
        /// What a refresh does to the refresh token (`refresh`; section 3).
        refresh "refresh" Refresh {
            "It is replaced, and the old one is good no more." Rotates "rotates",
            "It stays good, and none is answered." Stays "stays"
        }
        /// What using an old refresh token does (`reuse`; section 3).
        reuse "reuse" Reuse {
            "It is refused." Refused "refused",
            "It is refused, and the approval ends." Revokes "revokes"
        }
        /// What a change that costs money needs (`charges`; section 3).
        charges "charges" Charges {
            "Nothing: the header accept-charges is ignored." Ignored "ignored",
            "The header accept-charges: true, else it is 400." Required "required"
        }
        /// When somebody new in an account that isn't enabled is mailed (`create-mail`; section 6).
        create_mail "create-mail" CreateMail {
            "At once." AtOnce "at-once",
            "When the account is enabled." WhenEnabled "when-enabled"
        }
        /// Whether a deleted account is listed (`deleted-account`; section 5).
        deleted_account "deleted-account" DeletedAccount {
            "It is, with dateDeleted, until it is purged." Listed "listed",
            "It isn't, and reading it is 404." Hidden "hidden"
        }
        /// What `dateDeleted` is (`date-deleted`; section 5).
        date_deleted "date-deleted" DateDeleted {
            "A date." Date "date",
            "A boolean, as documented." Boolean "boolean"
        }
        /// The status for an e-mail that is already in the tenant (`present-email`; section 4).
        present_email "present-email" PresentEmail {
            "409." Conflict "409",
            "400." BadRequest "400"
        }
        /// What creating a user does whose e-mail is known in another tenant (`known-email`; section 6).
        known_email "known-email" KnownEmail {
            "The same user is assigned; nobody is mailed." Assigned "assigned",
            "It is refused: 409." Refused "refused"
        }
        /// Whether an e-mail can be changed (`email-change`; section 6).
        email_change "email-change" EmailChange {
            "Through the primary tenant." Primary "primary",
            "Through every tenant of the user." Anywhere "anywhere",
            "Not at all: 400." Refused "refused"
        }
        /// What an unknown role key does (`unknown-role`; section 6).
        unknown_role "unknown-role" UnknownRole {
            "It is refused: 400." Refused "refused",
            "It is kept." Kept "kept"
        }
        /// Whether a customer's list has the users of its reseller (`parent-users`; section 7).
        parent_users "parent-users" ParentUsers {
            "It doesn't." Hidden "hidden",
            "It does, with isParent." Shown "shown"
        }
        /// How an envelope writes `page_size` (`page-size`; section 4).
        page_size "page-size" PageSize {
            "As a number." Number "number",
            "As text." Text "text"
        }
        /// Which fields an envelope has (`envelope`; section 4).
        envelope "envelope" Envelope {
            "All." Full "full",
            "Only data." Bare "bare"
        }
        /// Whether timezone and countryCode are answered (`account-places`; section 5).
        account_places "account-places" AccountPlaces {
            "They aren't: they can only be written." Hidden "hidden",
            "They are." Shown "shown"
        }
        /// Whether errors made by a fault carry the error body (`gateway-body`; section 4).
        gateway_body "gateway-body" GatewayBody {
            "They don't." Absent "absent",
            "They do." Present "present"
        }
    }
    other {
        /// The largest page (`largest-page`; section 5).
        largest_page "largest-page" LargestPage;
        /// How long an access token is good for (`token-life`; section 3).
        token_life "token-life" TokenLife;
    }
}

/// The largest page, in items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LargestPage(pub usize);

/// How long an access token is good for, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLife(pub u32);

impl Default for LargestPage {
    fn default() -> Self {
        LargestPage(1000)
    }
}

impl Default for TokenLife {
    fn default() -> Self {
        TokenLife(3600)
    }
}

impl SwitchValue for LargestPage {
    const KNOWN: &'static [&'static str] = &["1000", "N"];

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|size| *size > 0).map(LargestPage)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

impl SwitchValue for TokenLife {
    const KNOWN: &'static [&'static str] = &["3600", "N"];

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(TokenLife)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}
