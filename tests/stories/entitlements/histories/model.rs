//! What S4 and S0.45 say of one user's access to one product, in the fewest words: instants instead of rows.

/// A moment, counted in five minutes from the beginning of the story: so far ahead a store's clock may be.
pub type Tick = i64;
pub const HOUR: Tick = 12;
const DAY: Tick = 24 * HOUR;

/// What somebody gets wrong, to see that the comparison finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    None,
    /// Any refund ends a grace period, whichever grant it belongs to.
    GraceEndsWithAnyRefund,
    /// What comes later hides a grace period.
    GraceEndsBesideWhatIsToCome,
    /// Each refund that fails is told of, whether or not it had taken anything.
    RestoredInAnyCase,
    /// What is told late is told with what has become of it since.
    ToldAsItIsNow,
}

/// What an entitlement shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub status: &'static str,
    pub starts: Tick,
    pub expires: Option<Tick>,
    pub grace: Option<Tick>,
    pub resumes: Option<Tick>,
}

/// A line of the history, and what the event of the same change says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub action: &'static str,
    /// Whether a person is named.
    pub by_somebody: bool,
    pub data: Shown,
}

#[derive(Clone, Debug)]
struct Grant {
    of: usize,
    starts: Tick,
    ends: Option<Tick>,
    grace: Option<Tick>,
    purchase: Option<usize>,
    taken: Option<Tick>,
    /// By a refund, which may have to give it back.
    taken_by: Option<usize>,
}

#[derive(Clone, Debug)]
struct Entitlement {
    open: bool,
    revoked: bool,
    /// Since when nothing was told that happened by itself, and what was true then.
    told: (Tick, &'static str),
    last: Shown,
}

#[derive(Clone, Debug)]
struct Refund {
    purchase: usize,
    fraud: bool,
    amount: i64,
    takes: bool,
    live: bool,
}

/// One user and one product.
#[derive(Debug)]
pub struct Model {
    pub mistake: Mistake,
    pub grace_days: i64,
    now: Tick,
    grants: Vec<Grant>,
    entitlements: Vec<Entitlement>,
    refunds: Vec<Refund>,
    pub told: Vec<Told>,
}

pub const PRICE: i64 = 3000;

impl Model {
    pub fn new(grace_days: i64, mistake: Mistake) -> Self {
        Self {
            mistake,
            grace_days,
            now: 0,
            grants: Vec::new(),
            entitlements: Vec::new(),
            refunds: Vec::new(),
            told: Vec::new(),
        }
    }

    pub fn pass(&mut self, ticks: Tick) {
        self.now += ticks;
    }

    pub fn entitlements(&self) -> Vec<Shown> {
        (0..self.entitlements.len()).map(|of| self.shown(of)).collect()
    }

    /// The one that counts: open, else the last.
    pub fn counts(&self) -> Option<usize> {
        let open = self.entitlements.iter().position(|it| it.open);
        open.or(self.entitlements.len().checked_sub(1))
    }

    fn open(&self) -> Option<usize> {
        self.entitlements.iter().position(|it| it.open)
    }

    /// What `access` says: the status, and until when.
    pub fn access(&self) -> (Option<&'static str>, Option<Tick>) {
        let Some(shown) = self.open().map(|of| self.shown(of)) else {
            return (None, None);
        };
        let until = match shown.status {
            "SCHEDULED" => Some(shown.starts),
            "ACTIVE" => shown.expires,
            "GRACE_PERIOD" => [shown.grace, shown.resumes].into_iter().flatten().min(),
            _ => None,
        };
        (Some(shown.status), until)
    }

    pub fn shown(&self, of: usize) -> Shown {
        let entitlement = &self.entitlements[of];
        if entitlement.revoked {
            return Shown {
                status: "REVOKED",
                resumes: None,
                ..entitlement.last.clone()
            };
        }
        // What is over stays as it ended.
        match self.at(of, self.now) {
            Some(shown) if entitlement.open && entitlement.last.status != "EXPIRED" => shown,
            _ => entitlement.last.clone(),
        }
    }

    fn standing(&self, of: usize) -> impl Iterator<Item = &Grant> {
        self.grants
            .iter()
            .filter(move |it| it.of == of && it.taken.is_none())
    }

    /// The stretch without a gap that a standing grant is in: its start, its end, the tolerance of that end.
    fn stretch(&self, of: usize, around: &Grant) -> (Tick, Option<Tick>, Option<Tick>) {
        let (mut starts, mut ends) = (around.starts, around.ends);
        for _ in 0..self.grants.len() {
            for it in self.standing(of) {
                let touches =
                    ends.is_none_or(|end| it.starts <= end) && it.ends.is_none_or(|end| end >= starts);
                if touches {
                    starts = starts.min(it.starts);
                    ends = ends.zip(it.ends).map(|(one, other)| one.max(other));
                }
            }
        }
        let last = self
            .standing(of)
            .filter(|it| it.ends == ends && it.starts >= starts);
        (starts, ends, ends.and(last.filter_map(|it| it.grace).max()))
    }

    /// What an entitlement gives at a moment by what stands now; None if nothing stands.
    fn at(&self, of: usize, tick: Tick) -> Option<Shown> {
        let after = |end: Option<Tick>| {
            let later = self.standing(of).map(|it| it.starts);
            end.and_then(|end| later.filter(|starts| *starts > end).min())
        };
        let show = |status, around: &Grant| {
            let (starts, expires, grace) = self.stretch(of, around);
            Shown {
                status,
                starts,
                expires,
                grace,
                resumes: after(expires),
            }
        };
        let lasts = |it: &&Grant| it.starts <= tick && it.ends.is_none_or(|end| end > tick);
        if let Some(grant) = self.standing(of).find(lasts) {
            return Some(show("ACTIVE", grant));
        }
        // Access has ended with whatever has given it for longest, and is tolerated if that stands.
        let gave = |it: &&Grant| it.starts <= tick && it.taken.is_none_or(|at| at > it.starts);
        let until = |it: &Grant| it.ends.unwrap_or(Tick::MAX).min(it.taken.unwrap_or(Tick::MAX));
        let last = self
            .grants
            .iter()
            .filter(|it| it.of == of)
            .filter(gave)
            .map(until)
            .max();
        let owner = self
            .standing(of)
            .filter(|it| it.starts <= tick && it.ends == last);
        let owner = owner.max_by_key(|it| it.grace);
        let next = self
            .standing(of)
            .filter(|it| it.starts > tick)
            .min_by_key(|it| it.starts);
        let hidden = self.mistake == Mistake::GraceEndsBesideWhatIsToCome && next.is_some();
        if let Some(owner) = owner.filter(|it| it.grace.is_some_and(|grace| grace > tick) && !hidden) {
            return Some(show("GRACE_PERIOD", owner));
        }
        if let Some(next) = next {
            return Some(show("SCHEDULED", next));
        }
        let over = self.standing(of).max_by_key(|it| it.ends)?;
        let natural = owner.is_some();
        let mut shown = show("EXPIRED", over);
        shown.grace = shown.grace.filter(|_| natural);
        Some(shown)
    }

    /// Everything that is given from a moment on, stretch by stretch.
    fn ahead(&self, of: usize) -> Vec<(Tick, Option<Tick>, Option<Tick>)> {
        let mut ahead = Vec::new();
        let Some(first) = self.at(of, self.now) else {
            return ahead;
        };
        let mut resumes = first.resumes;
        ahead.push((first.starts, first.expires, first.grace));
        while let Some(starts) = resumes {
            let around = self.standing(of).find(|it| it.starts == starts);
            let (starts, ends, grace) = self.stretch(of, around.expect("it begins there"));
            ahead.push((starts, ends, grace));
            let later = self.standing(of).map(|it| it.starts);
            resumes = ends.and_then(|end| later.filter(|it| *it > end).min());
        }
        ahead
    }

    fn tell(&mut self, action: &'static str, by_somebody: bool, data: Shown) {
        self.told.push(Told {
            action,
            by_somebody,
            data,
        });
    }

    /// Whatever has happened to the open entitlement by itself is told, in its order.
    pub fn catch_up(&mut self) {
        let Some(of) = self
            .open()
            .filter(|of| self.entitlements[*of].last.status != "EXPIRED")
        else {
            return;
        };
        let (since, mut status) = self.entitlements[of].told;
        let mut ticks: Vec<Tick> = Vec::new();
        for it in self.standing(of) {
            ticks.extend([Some(it.starts), it.ends, it.grace].into_iter().flatten());
        }
        ticks.retain(|tick| *tick > since && *tick <= self.now);
        ticks.sort_unstable();
        ticks.dedup();
        let mut happened: Vec<Told> = Vec::new();
        for tick in ticks {
            let Some(data) = self.at(of, tick) else { continue };
            let action = match (status, data.status) {
                ("ACTIVE", "GRACE_PERIOD") => Some("ENTERED_GRACE_PERIOD"),
                ("ACTIVE" | "GRACE_PERIOD", "EXPIRED" | "SCHEDULED") => Some("EXPIRED"),
                ("SCHEDULED" | "GRACE_PERIOD", "ACTIVE") => Some("GRANTED"),
                _ => None,
            };
            status = data.status;
            // Nobody has seen a tolerance that was over before anybody looked.
            if action.is_some() {
                happened.retain(|it| it.action != "ENTERED_GRACE_PERIOD");
            }
            happened.extend(action.map(|action| Told {
                action,
                by_somebody: false,
                data,
            }));
        }
        if self.mistake == Mistake::ToldAsItIsNow
            && let Some(now) = self.at(of, self.now)
        {
            for it in &mut happened {
                it.data = now.clone();
            }
        }
        self.told.extend(happened);
        self.note(of);
    }

    /// From here on everything that happens by itself is news.
    fn note(&mut self, of: usize) {
        if let Some(shown) = self.at(of, self.now) {
            self.entitlements[of].told = (self.now, shown.status);
            self.entitlements[of].last = shown;
        }
    }

    fn status(&self, of: usize) -> &'static str {
        self.shown(of).status
    }

    /// A new reason for access. Refused if somebody would give by hand what is given already.
    pub fn grant(&mut self, starts: Tick, ends: Option<Tick>, purchase: Option<usize>) -> bool {
        if let (Some(of), None) = (self.open(), purchase) {
            let begins = starts.max(self.now);
            let covered = |it: &Grant| it.starts <= begins && it.ends.is_none_or(|end| end > begins);
            let taken = match self.status(of) {
                "ACTIVE" => true,
                "EXPIRED" => false,
                _ => self.standing(of).any(covered),
            };
            if taken {
                return false;
            }
        }
        self.catch_up();
        let open = self.open();
        if let Some(of) = open.filter(|of| self.status(*of) == "EXPIRED") {
            self.entitlements[of].open = false;
        }
        let current = self.open();
        let of = current.unwrap_or(self.entitlements.len());
        let before = current.map(|of| (self.status(of), self.ahead(of)));
        self.grants.push(Grant {
            of,
            starts,
            ends,
            grace: self.tolerance(ends),
            purchase,
            taken: None,
            taken_by: None,
        });
        let now = self.at(of, self.now).expect("it stands");
        let Some((status, before)) = before else {
            self.entitlements.push(Entitlement {
                open: true,
                revoked: false,
                told: (self.now, now.status),
                last: now.clone(),
            });
            self.tell("GRANTED", true, now);
            return true;
        };
        if before != self.ahead(of) {
            let usable = |status| matches!(status, "ACTIVE" | "GRACE_PERIOD");
            let begins =
                (now.status == "ACTIVE" && status != "ACTIVE") || (usable(now.status) && !usable(status));
            let around = self.grants.last().expect("it was added");
            let (from, to, _) = self.stretch(of, around);
            let joins = before.iter().any(|(starts, ends, _)| {
                ends.is_none_or(|end| from <= end) && to.is_none_or(|end| *starts <= end)
            });
            let action = if joins && !begins { "EXTENDED" } else { "GRANTED" };
            self.tell(action, true, now);
        }
        self.note(of);
        true
    }

    fn tolerance(&self, ends: Option<Tick>) -> Option<Tick> {
        ends.filter(|_| self.grace_days > 0)
            .map(|end| end + DAY * self.grace_days)
    }

    /// Longer access, by hand.
    pub fn extend(&mut self, of: usize, ends: Tick) -> bool {
        let shown = self.shown(of);
        if !self.entitlements[of].open
            || shown.status != "ACTIVE"
            || shown.expires.is_none_or(|end| ends <= end)
        {
            return false;
        }
        self.catch_up();
        self.grants.push(Grant {
            of,
            starts: self.now,
            ends: Some(ends),
            grace: self.tolerance(Some(ends)),
            purchase: None,
            taken: None,
            taken_by: None,
        });
        let now = self.at(of, self.now).expect("it stands");
        self.tell("EXTENDED", true, now);
        self.note(of);
        true
    }

    /// Revoked by hand: for good.
    pub fn revoke(&mut self, of: usize) -> bool {
        if !self.entitlements[of].open || self.status(of) == "EXPIRED" {
            return false;
        }
        self.catch_up();
        self.take_all(None);
        self.end(of);
        true
    }

    fn take_all(&mut self, refund: Option<usize>) {
        for it in &mut self.grants {
            if it.taken.is_none() || it.taken_by.is_some() {
                it.taken = it.taken.or(Some(self.now));
                it.taken_by = refund;
            }
        }
    }

    fn end(&mut self, of: usize) {
        let entitlement = &mut self.entitlements[of];
        (entitlement.open, entitlement.revoked) = (false, true);
        let shown = self.shown(of);
        self.tell("REVOKED", true, shown);
    }

    /// What is left of a purchase.
    pub fn left(&self, purchase: usize) -> i64 {
        let refunds = self
            .refunds
            .iter()
            .filter(|it| it.live && it.purchase == purchase);
        PRICE - refunds.map(|it| it.amount).sum::<i64>()
    }

    /// A refund is accepted. Whether access is lost by it.
    pub fn refund(&mut self, purchase: usize, fraud: bool, amount: i64) -> bool {
        let refund = self.refunds.len();
        let takes = fraud || amount == self.left(purchase);
        self.refunds.push(Refund {
            purchase,
            fraud,
            amount,
            takes,
            live: true,
        });
        if !takes {
            return false;
        }
        let grant = self.grants.iter().position(|it| it.purchase == Some(purchase));
        let grant = grant.expect("each purchase has granted");
        if !fraud && self.grants[grant].taken.is_some() {
            return false;
        }
        let of = if fraud {
            self.open()
        } else {
            Some(self.grants[grant].of)
        };
        let of = of.filter(|of| self.entitlements[*of].open);
        if of.is_some() {
            self.catch_up();
        }
        let before = of.map(|of| (self.status(of), self.ahead(of)));
        if fraud {
            self.take_all(Some(refund));
        } else {
            (self.grants[grant].taken, self.grants[grant].taken_by) = (Some(self.now), Some(refund));
        }
        match (of, before) {
            (Some(of), Some((status, before))) if status != "EXPIRED" => self.shorten(of, status, &before),
            _ => false,
        }
    }

    fn shorten(
        &mut self,
        of: usize,
        status: &'static str,
        before: &[(Tick, Option<Tick>, Option<Tick>)],
    ) -> bool {
        let mut left = self.at(of, self.now).filter(|it| it.status != "EXPIRED");
        if self.mistake == Mistake::GraceEndsWithAnyRefund {
            left = left.filter(|it| it.status != "GRACE_PERIOD");
        }
        let Some(now) = left else {
            self.end(of);
            return true;
        };
        let usable = |status| matches!(status, "ACTIVE" | "GRACE_PERIOD");
        let lost = usable(status) && !usable(now.status);
        if before != self.ahead(of) {
            self.tell(if lost { "REVOKED" } else { "EXTENDED" }, true, now);
        }
        self.note(of);
        lost
    }

    /// The money stays with the seller.
    pub fn fail(&mut self, refund: usize) {
        self.refunds[refund].live = false;
        if self.refunds[refund].fraud {
            return;
        }
        self.give_back(refund);
        let purchase = self.refunds[refund].purchase;
        let taker = |it: &Refund| it.live && it.takes && !it.fraud && it.purchase == purchase;
        if let Some(rest) = self.refunds.iter().position(taker) {
            self.give_back(rest);
            self.refunds[rest].takes = false;
        }
    }

    fn give_back(&mut self, refund: usize) {
        let grants: Vec<usize> = (0..self.grants.len())
            .filter(|i| self.grants[*i].taken_by == Some(refund))
            .collect();
        let Some(own) = grants.first().map(|i| self.grants[*i].of) else {
            return;
        };
        let over = |i: &usize| {
            let it = &self.grants[*i];
            it.grace.or(it.ends).is_some_and(|end| end <= self.now)
        };
        let expired = !self.entitlements[own].revoked && self.status(own) == "EXPIRED";
        let untouched = expired && grants.iter().all(over);
        let mut of = own;
        if !untouched {
            self.catch_up();
            match self.open() {
                Some(open) if open != own && self.status(open) == "EXPIRED" => {
                    self.entitlements[open].open = false;
                }
                Some(open) => of = open,
                None => {}
            }
        }
        let before = self.entitlements[of].open.then(|| self.ahead(of));
        for i in grants {
            let it = &mut self.grants[i];
            (it.of, it.taken, it.taken_by) = (of, None, None);
        }
        if untouched && self.mistake != Mistake::RestoredInAnyCase {
            return;
        }
        let entitlement = &mut self.entitlements[of];
        (entitlement.open, entitlement.revoked) = (true, false);
        let now = self.at(of, self.now).expect("it stands");
        if before != Some(self.ahead(of)) || self.mistake == Mistake::RestoredInAnyCase {
            self.tell("RESTORED", false, now);
        }
        self.note(of);
    }

    /// Ends to come follow the product; a grace period that has begun becomes longer, never shorter.
    pub fn set_grace(&mut self, days: i64) {
        self.grace_days = days;
        for i in 0..self.grants.len() {
            let new = self.tolerance(self.grants[i].ends);
            let it = &mut self.grants[i];
            let to_come = it.ends.is_some_and(|end| end > self.now);
            let longer = it.grace.is_some_and(|grace| grace > self.now) && new > it.grace;
            if to_come || longer {
                it.grace = new;
            }
        }
    }
}
