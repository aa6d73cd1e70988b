//! Acts against intruders: what enforcers answered, and what happened on firewalls by itself.
//!
//! Invariants: nobody but the system says so; an answer of a firewall to an order is entered once, an event of a firewall
//! once and in order.
//! Does not: ask an enforcer.

use crate::decide::{Decided, Deciding};
use crate::order::{Asker, Refused};
use std::collections::BTreeMap;
use store::{Fact, ResponseFact, ResponseSeen};

/// Most characters of an answer, in each language.
const LONGEST_ANSWER: usize = 2_000;

impl Deciding<'_> {
    /// What of it the ledger has not got yet.
    pub(crate) fn responses(&self, asker: &Asker, facts: &[ResponseFact]) -> Result<Decided, Refused> {
        if *asker != Asker::System {
            return Err(Refused::NotForAsker);
        }
        let mut seen: BTreeMap<&str, Option<ResponseSeen>> = BTreeMap::new();
        let mut news = Vec::new();
        for fact in facts {
            match fact {
                ResponseFact::Done(answer) | ResponseFact::Failed(answer) => {
                    let known = self.projection.ask(|sql| sql.responses_to(answer.asked))?;
                    let again = |one: &Fact| {
                        matches!(one, Fact::Response(ResponseFact::Done(of) | ResponseFact::Failed(of))
                        if (of.asked, &of.firewall) == (answer.asked, &answer.firewall))
                    };
                    if known.iter().any(|one| one.answer.firewall == answer.firewall)
                        || news.iter().any(again)
                    {
                        continue;
                    }
                }
                ResponseFact::Event(event) => {
                    if !seen.contains_key(event.firewall.as_str()) {
                        let known = self.projection.ask(|sql| sql.response_seen(&event.firewall))?;
                        seen.insert(&event.firewall, known);
                    }
                    let last = seen.get(event.firewall.as_str()).copied().flatten();
                    if last.is_some_and(|last| last.epoch == event.epoch && last.number >= event.number) {
                        continue;
                    }
                    let now = ResponseSeen { epoch: event.epoch, number: event.number };
                    seen.insert(&event.firewall, Some(now));
                }
            }
            news.push(Fact::Response(shortened(fact.clone())));
        }
        Ok(Decided { facts: news, record: None })
    }
}

fn shortened(mut fact: ResponseFact) -> ResponseFact {
    if let ResponseFact::Done(answer) | ResponseFact::Failed(answer) = &mut fact {
        for text in [&mut answer.answer.zh, &mut answer.answer.en] {
            *text = text.chars().take(LONGEST_ANSWER).collect();
        }
    }
    fact
}
