//! Comments: the thread of a subject; a topic is a subject like any other.

use super::authored::load;
use super::{Authored, Fold, Page, Place, subject_key};
use crate::entry::subject::Subject;
use crate::entry::texts::Comment;
use crate::store::{Store, StoreError};
use rusqlite::{Connection, params};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// A part of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// How many comments it has in all.
    pub total: usize,
    /// Those asked for, in the order of [`Store::thread`].
    pub comments: Vec<Authored<Comment>>,
}

pub(super) fn insert(fold: &Fold<'_>, place: &Place, comment: &Comment) -> Result<(), StoreError> {
    fold.execute(
        "INSERT INTO comments (seq, subject, reply_to, created_hours) VALUES (?1, ?2, ?3, ?4)",
        params![
            place.seq,
            subject_key(&comment.subject),
            comment.reply_to.map(|id| id.0),
            place.created_hours()
        ],
    )
}

/// What decides between comments of which neither answers the other: the hour, and then, since there
/// is nothing finer, author and n, so that at least what one person said stays in its order.
type Turn = (i64, [u8; 32], i64);

/// The positions of a subject's comments, in the order in which they are read.
pub(super) fn order(db: &Connection, subject: &[u8]) -> Result<Vec<i64>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT seq, id, reply_to, comments.created_hours, key, n
         FROM comments JOIN entries USING (seq) JOIN authors USING (author_no) WHERE subject = ?1",
    )?;
    let rows = statement.query_map([subject], |row| {
        let turn: Turn = (row.get(3)?, row.get(4)?, row.get(5)?);
        Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, Option<[u8; 32]>>(2)?, turn))
    })?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let by_id: HashMap<[u8; 32], usize> =
        rows.iter().enumerate().map(|(index, (_, id, ..))| (*id, index)).collect();
    let mut answers: Vec<Vec<usize>> = vec![Vec::new(); rows.len()];
    let mut ready = BinaryHeap::new();
    for (index, (.., reply_to, turn)) in rows.iter().enumerate() {
        match reply_to.and_then(|id| by_id.get(&id)) {
            Some(answered) => answers[*answered].push(index),
            // Of itself, or an answer to something that is not in this thread.
            None => ready.push(Reverse((*turn, index))),
        }
    }
    // An id is a hash over the body that names the other, so there are no circles, and all come out.
    let mut order = Vec::with_capacity(rows.len());
    while let Some(Reverse((_, index))) = ready.pop() {
        order.push(rows[index].0);
        ready.extend(answers[index].iter().map(|answer| Reverse((rows[*answer].3, *answer))));
    }
    Ok(order)
}

impl Store {
    /// The thread of a subject: by the hours that their authors say, and never an answer before what it
    /// answers.
    pub fn thread(&self, subject: &Subject, page: Page) -> Result<Thread, StoreError> {
        self.read(|db| {
            let order = order(db, subject_key(subject))?;
            let comments = order.iter().skip(page.offset).take(page.limit);
            let comments =
                comments.map(|seq| load(db, *seq, Comment::from_body)).collect::<Result<_, _>>()?;
            Ok(Thread { total: order.len(), comments })
        })
    }

    /// How many comments a subject has.
    pub fn comment_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached("SELECT count(*) FROM comments WHERE subject = ?1")?;
            Ok(statement.query_row([subject_key(subject)], |row| row.get::<_, i64>(0))? as u64)
        })
    }
}
