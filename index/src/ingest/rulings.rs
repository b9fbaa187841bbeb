//! What a change of rulings and weights does to what is shown: worked out once for each transaction, when all
//! of its entries are in.
//!
//! Not here: what rulings hide, and how ([`crate::projection::hidden`]).

use super::Batch;
use crate::entry::AuthorKey;
use crate::members::{Changes, Members, RulingSubject};
use crate::projection::hidden::{fallen, weightless};
use crate::store::StoreError;
use std::collections::BTreeSet;

/// What may have changed since the last time.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    judged: BTreeSet<RulingSubject>,
    weighed: BTreeSet<AuthorKey>,
    /// Everything: there is another roster, or other members.
    pub is_all: bool,
}

impl Unsettled {
    pub fn add(&mut self, changes: &Changes) {
        self.is_all |= changes.is_refolded || changes.is_chain_longer;
        self.judged.extend(&changes.judged);
        self.weighed.extend(&changes.weighed);
    }
}

impl Batch<'_> {
    /// Hides what falls by now, shows what does not fall any more, and weighs votes anew.
    pub(super) fn follow_rulings(&mut self) -> Result<(), StoreError> {
        let mut unsettled = std::mem::take(&mut self.unsettled);
        if unsettled.is_all {
            // Also what was decided by a roster that is gone, and members that are none any more.
            unsettled.judged.extend(fallen(self.db)?);
            unsettled.weighed.extend(weightless(self.db)?);
            if let Some(members) = self.members.as_ref() {
                unsettled.judged.extend(members.fallen());
                unsettled.weighed.extend(members.keys());
            }
        }
        let members = self.members.as_ref();
        for subject in &unsettled.judged {
            let falls = members.is_some_and(|members| members.is_fallen(subject));
            self.fold.set_fallen(subject, falls)?;
        }
        for key in &unsettled.weighed {
            let weight = members.and_then(|members: &Members| members.weight(key));
            self.fold.set_weightless(key, weight == Some(0))?;
        }
        Ok(())
    }
}
