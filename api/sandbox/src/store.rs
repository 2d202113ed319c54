//! The gateway's memory, in the process and, if wanted, in a file of JSON lines that is read back at
//! the start: a gateway does not forget a refund because our process was killed.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use anyhow::Context;

use super::records::{
    Change, Notification, Payment, Refund, RefundStatus, Request, StoredAnswer, Subscription,
};

/// The oldest requests are let go beyond this; refunds never are.
const REQUESTS_KEPT: usize = 50_000;

/// Stripe: "You can remove keys from the system automatically after they're at least 24 hours old."
/// <https://docs.stripe.com/api/idempotent_requests>
const KEY_LIFETIME_MS: i64 = 24 * 60 * 60 * 1000;

pub(super) struct Store {
    pub payments: BTreeMap<String, Payment>,
    /// In the order in which they were executed.
    pub refunds: Vec<Refund>,
    pub subscriptions: BTreeMap<String, Subscription>,
    pub requests: VecDeque<Request>,
    /// Those that are neither delivered nor given up.
    pub notifications: BTreeMap<String, Notification>,
    keys: BTreeMap<String, StoredAnswer>,
    refund_index: BTreeMap<String, usize>,
    refunds_by_payment: BTreeMap<String, Vec<usize>>,
    next_id: u64,
    file: Option<File>,
    /// How much of the file is whole lines.
    whole: u64,
    unwritten: Vec<Change>,
}

impl Store {
    /// Ids begin at the current millisecond, so that a gateway without a file does not hand out the
    /// ids of its former life again.
    pub fn open(path: Option<&Path>, now_ms: i64) -> anyhow::Result<Self> {
        let mut store = Self {
            payments: BTreeMap::new(),
            refunds: Vec::new(),
            subscriptions: BTreeMap::new(),
            requests: VecDeque::new(),
            notifications: BTreeMap::new(),
            keys: BTreeMap::new(),
            refund_index: BTreeMap::new(),
            refunds_by_payment: BTreeMap::new(),
            next_id: u64::try_from(now_ms).unwrap_or(1),
            file: None,
            whole: 0,
            unwritten: Vec::new(),
        };
        if let Some(path) = path {
            let file = store
                .read_back(path)
                .with_context(|| format!("the gateway simulator's journal {}", path.display()))?;
            store.file = Some(file);
        }
        Ok(store)
    }

    fn read_back(&mut self, path: &Path) -> anyhow::Result<File> {
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(path)?;
        let mut reader = BufReader::new(&file);
        let (mut line, mut whole, mut number) = (String::new(), 0_u64, 0_u64);
        while reader.read_line(&mut line)? > 0 {
            number += 1;
            if !line.ends_with('\n') {
                break;
            }
            let changes: Vec<Change> =
                serde_json::from_str(&line).with_context(|| format!("line {number}"))?;
            for change in changes {
                self.apply(change);
            }
            whole += line.len() as u64;
            line.clear();
        }
        // A killed process may leave half a line: it was never acknowledged to anybody.
        file.set_len(whole)?;
        self.whole = whole;
        Ok(file)
    }

    pub fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Makes a change known; `flush` makes it last.
    pub fn record(&mut self, change: Change) {
        if self.file.is_some() {
            self.unwritten.push(change.clone());
        }
        self.apply(change);
    }

    /// Writes what was recorded since the last time as one line, so that a refund and its
    /// idempotency key last together or not at all. Money, keys and notifications reach the disk
    /// before this returns; the log of requests reaches the operating system. What a full disk did not take is written
    /// with what comes next, and half a line of it is taken back.
    pub fn flush(&mut self) {
        let Some(file) = self.file.as_mut().filter(|_| !self.unwritten.is_empty()) else {
            return;
        };
        match write_line(file, self.whole, &self.unwritten) {
            Ok(whole) => {
                self.whole = whole;
                self.unwritten.clear();
            }
            Err(error) => {
                let _ = file.set_len(self.whole);
                tracing::error!(%error, "the gateway simulator's journal could not be written");
            }
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Payment(payment) => {
                self.payments.insert(payment.id.clone(), payment);
            }
            Change::Refund(refund) => self.put_refund(refund),
            Change::Subscription(it) => {
                self.subscriptions.insert(it.id.clone(), it);
            }
            Change::Key(answer) => {
                self.keys.insert(answer.key.clone(), answer);
            }
            Change::Request(request) => self.put_request(request),
            Change::Notification(it) => {
                self.see_id(&it.id);
                self.notifications.insert(it.id.clone(), it);
            }
            Change::Done(id) => {
                self.notifications.remove(&id);
            }
        }
    }

    fn put_refund(&mut self, refund: Refund) {
        self.see_id(&refund.id);
        if let Some(&at) = self.refund_index.get(&refund.id) {
            self.refunds[at] = refund;
        } else {
            let at = self.refunds.len();
            self.refund_index.insert(refund.id.clone(), at);
            self.refunds_by_payment
                .entry(refund.payment.clone())
                .or_default()
                .push(at);
            self.refunds.push(refund);
        }
    }

    fn put_request(&mut self, request: Request) {
        self.next_id = self.next_id.max(request.id);
        // A request is recorded when it arrives and again when it is answered.
        if let Ok(at) = self.requests.binary_search_by_key(&request.id, |it| it.id) {
            self.requests[at] = request;
            return;
        }
        self.requests.push_back(request);
        if self.requests.len() > REQUESTS_KEPT {
            self.requests.pop_front();
        }
    }

    /// Ids carry the counter behind their prefix.
    fn see_id(&mut self, id: &str) {
        let digits = id.trim_start_matches(|c: char| !c.is_ascii_digit());
        if let Ok(number) = digits.parse::<u64>() {
            self.next_id = self.next_id.max(number);
        }
    }

    pub fn request(&self, id: u64) -> Option<&Request> {
        let at = self.requests.binary_search_by_key(&id, |it| it.id).ok()?;
        self.requests.get(at)
    }

    pub fn refund(&self, id: &str) -> Option<&Refund> {
        self.refund_index.get(id).and_then(|at| self.refunds.get(*at))
    }

    /// Oldest first.
    pub fn refunds_of(&self, payment: &str) -> impl DoubleEndedIterator<Item = &Refund> {
        let places = self
            .refunds_by_payment
            .get(payment)
            .map(Vec::as_slice)
            .unwrap_or_default();
        places.iter().filter_map(|at| self.refunds.get(*at))
    }

    /// What is gone or on its way out: pending refunds count.
    pub fn refunded(&self, payment: &str) -> i64 {
        self.refunds_of(payment)
            .filter(|it| it.status.is_live())
            .map(|it| it.amount)
            .sum()
    }

    /// What has really gone.
    pub fn settled(&self, payment: &str) -> i64 {
        let done = |it: &&Refund| it.status == RefundStatus::Succeeded;
        self.refunds_of(payment).filter(done).map(|it| it.amount).sum()
    }

    pub fn stored_answer(&self, key: &str, now_ms: i64) -> Option<&StoredAnswer> {
        self.keys
            .get(key)
            .filter(|it| now_ms - it.stored_ms < KEY_LIFETIME_MS)
    }
}

/// Appends behind the whole lines; how long the file is then.
fn write_line(file: &mut File, whole: u64, changes: &[Change]) -> anyhow::Result<u64> {
    // Half a line that could not be taken back then.
    if file.metadata()?.len() != whole {
        file.set_len(whole)?;
    }
    let mut line = serde_json::to_vec(changes)?;
    line.push(b'\n');
    file.write_all(&line)?;
    let only_log = |change: &Change| matches!(change, Change::Request(_) | Change::Done(_));
    if !changes.iter().all(only_log) {
        file.sync_data()?;
    }
    Ok(whole + line.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that was full for a moment takes half a line; what comes next is whole again.
    #[test]
    fn half_a_line_does_not_damage_what_follows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gateway.jsonl");
        let mut store = Store::open(Some(&path), 1).expect("a journal");
        let pay = |store: &mut Store, id: &str| {
            store.record(Change::Payment(Payment::new(id, 100, "EUR")));
            store.flush();
        };
        pay(&mut store, "pi_1");
        let mut file = OpenOptions::new().append(true).open(&path).expect("the journal");
        file.write_all(b"[{\"payment\":{\"id\":").expect("half a line");
        pay(&mut store, "pi_2");
        let again = Store::open(Some(&path), 1).expect("a whole journal");
        let known: Vec<&String> = again.payments.keys().collect();
        assert_eq!(known, ["pi_1", "pi_2"]);
    }
}
