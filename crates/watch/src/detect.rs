//! Which rules match a line: first those whose log source it is of, then those whose texts it holds, then trying.
//!
//! Lines of one product, services and category are of one class. A class has its rules and one automaton over all their
//! texts, made when its first line comes; what a line costs is one pass over its bytes, and the trying of the few rules
//! that are left.

use crate::event::Event;
use crate::kind::{self, Category};
use crate::needle::{Needles, UNRELIABLE, needles};
use crate::sigma::{Compiled, compile};
use aho_corasick::AhoCorasick;
use rsigma_parser::{LogSource, SigmaRule};
use std::collections::HashMap;
use std::sync::Arc;

/// How many rules were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looked {
    /// Rules whose log source the line is of.
    pub candidates: usize,
    /// Of these, how many had to be tried.
    pub tried: usize,
}

/// Something that is looked for: its number in the order of adding.
pub(crate) type DetectionId = usize;

/// Everything that is looked for.
#[derive(Default)]
pub(crate) struct Detector {
    detections: Vec<Detection>,
    /// Services that rules name, by product.
    services: HashMap<String, Vec<String>>,
    classes: HashMap<Class, Arc<Members>>,
    /// For each detection the last line it was put forward for.
    marks: Vec<u64>,
    turn: u64,
}

struct Detection {
    rule: Box<dyn Compiled>,
    source: LogSource,
    needles: Option<Needles>,
}

/// Lines that the same rules are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Class {
    product: &'static str,
    /// Which of the services that rules name for this product.
    services: u64,
    category: Category,
}

struct Members {
    /// All of them.
    all: Vec<DetectionId>,
    /// Those to be tried on every line.
    always: Vec<DetectionId>,
    /// Texts of the others; of each text, whose it is. Texts of the first few make all be tried.
    texts: Option<AhoCorasick>,
    whose: Vec<Vec<DetectionId>>,
}

impl Detector {
    /// Adds what is to be looked for.
    ///
    /// # Errors
    /// The rule cannot be compiled; why, in English.
    pub(crate) fn add(&mut self, rule: &SigmaRule) -> Result<DetectionId, String> {
        let detection =
            Detection { rule: compile(rule)?, source: rule.logsource.clone(), needles: needles(rule) };
        if let Some(service) = &detection.source.service {
            let product = detection.source.product.clone().unwrap_or_default();
            let services = self.services.entry(product).or_default();
            if !services.contains(service) {
                // Class::services has a bit for each.
                if services.len() == 64 {
                    return Err(format!(
                        "rules name more than 64 services of one product, {service:?} among them"
                    ));
                }
                services.push(service.clone());
            }
        }
        self.classes.clear();
        self.detections.push(detection);
        self.marks.push(0);
        Ok(self.detections.len() - 1)
    }

    /// The detections that hold of a line, in the order of adding.
    pub(crate) fn find(&mut self, event: &Event<'_>, found: &mut Vec<DetectionId>) -> Looked {
        found.clear();
        let class = self.class(event);
        let members = match self.classes.get(&class) {
            Some(members) => Arc::clone(members),
            None => {
                let members = Arc::new(self.members(class));
                self.classes.insert(class, Arc::clone(&members));
                members
            }
        };
        self.put_forward(&members, event.record.line(), found);
        let tried = found.len();
        found.retain(|id| self.detections.get(*id).is_some_and(|one| one.rule.holds(event)));
        found.sort_unstable();
        Looked { candidates: members.all.len(), tried }
    }

    fn class(&self, event: &Event<'_>) -> Class {
        let product = kind::product(event.record.dialect());
        let services = |product: &str| {
            let named = self.services.get(product).map(Vec::as_slice).unwrap_or_default();
            let serves = |service: &String| u64::from(kind::serves(event.record, product, service));
            named.iter().enumerate().fold(0, |mask, (at, service)| mask | serves(service) << at)
        };
        // Services that are named without a product have the bits above those of the product.
        let own = services(product);
        let count = self.services.get(product).map_or(0, Vec::len);
        let any = if product.is_empty() { 0 } else { services("") };
        Class {
            product,
            services: own | any.checked_shl(u32::try_from(count).unwrap_or(64)).unwrap_or(0),
            category: event.told.category,
        }
    }

    fn members(&self, class: Class) -> Members {
        let own = self.services.get(class.product).map_or(0, Vec::len);
        let serves = |product: &str, service: &str| {
            let named = self.services.get(product).map(Vec::as_slice).unwrap_or_default();
            let shift = if product == class.product { 0 } else { own };
            let at = named.iter().position(|one| one == service);
            at.is_some_and(|at| class.services.checked_shr((at + shift) as u32).unwrap_or(0) & 1 == 1)
        };
        let is_of = |source: &LogSource| {
            source.product.as_deref().is_none_or(|product| product == class.product)
                && source.category.as_deref().is_none_or(|category| category == class.category.name())
                && source
                    .service
                    .as_deref()
                    .is_none_or(|service| serves(source.product.as_deref().unwrap_or_default(), service))
        };
        let of_class = self.detections.iter().enumerate().filter(|(_, one)| is_of(&one.source));
        let (mut all, mut always) = (Vec::new(), Vec::new());
        let mut texts: Vec<&str> = UNRELIABLE.to_vec();
        let mut whose: Vec<Vec<DetectionId>> = vec![Vec::new(); UNRELIABLE.len()];
        let mut at: HashMap<&str, usize> = HashMap::new();
        for (id, detection) in of_class {
            all.push(id);
            let Some(needles) = &detection.needles else {
                always.push(id);
                continue;
            };
            for needle in needles {
                let place = *at.entry(needle).or_insert_with(|| {
                    texts.push(needle);
                    whose.push(Vec::new());
                    texts.len() - 1
                });
                whose.get_mut(place).into_iter().for_each(|ids| ids.push(id));
            }
        }
        whose.iter_mut().take(UNRELIABLE.len()).for_each(|ids| ids.clone_from(&all));
        let needed = (always.len() < all.len()).then(|| {
            let mut builder = AhoCorasick::builder();
            builder.ascii_case_insensitive(true);
            if texts.len() <= 2_000 {
                builder.kind(Some(aho_corasick::AhoCorasickKind::DFA));
            }
            builder.build(&texts).ok()
        });
        match needed {
            // An automaton that cannot be made leaves nothing out.
            Some(None) => Members { always: all.clone(), all, texts: None, whose: Vec::new() },
            Some(texts) => Members { all, always, texts, whose },
            None => Members { all, always, texts: None, whose: Vec::new() },
        }
    }

    /// Those that are to be tried on a line, each once.
    fn put_forward(&mut self, members: &Members, line: &[u8], found: &mut Vec<DetectionId>) {
        found.extend_from_slice(&members.always);
        let Some(texts) = &members.texts else { return };
        self.turn += 1;
        for id in &members.always {
            self.marks.get_mut(*id).into_iter().for_each(|mark| *mark = self.turn);
        }
        for hit in texts.find_overlapping_iter(line) {
            for id in members.whose.get(hit.pattern().as_usize()).into_iter().flatten() {
                if let Some(mark) = self.marks.get_mut(*id).filter(|mark| **mark != self.turn) {
                    *mark = self.turn;
                    found.push(*id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Known;
    use lines::{Reader, Source};
    use model::Instant;
    use rsigma_parser::parse_sigma_yaml;
    use std::path::Path;

    impl Detector {
        /// As [`Detector::find`], without passing over any rule of the class: what the texts must never change.
        fn find_slowly(&mut self, event: &Event<'_>) -> Vec<DetectionId> {
            let members = self.members(self.class(event));
            let mut found = members.all;
            found.retain(|id| self.detections[*id].rule.holds(event));
            found
        }
    }

    fn texts(folder: &Path, end: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                texts(&path, end, found);
            } else if path.extension().is_some_and(|one| one == end) {
                found.push(String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned());
            }
        }
    }

    /// Rules that need texts, rules that need none, and every sort of value between.
    const RULES: &str = r#"
title: words
logsource: { product: linux }
detection: { keywords: ['Failed password', 'truncate'], condition: keywords }
---
title: all words
logsource: { product: linux }
detection: { keywords: { '|all': ['password', 'lin'] }, condition: keywords }
---
title: ends
logsource: { category: webserver }
detection: { selection: { cs-uri-query|endswith: ['.php', '?x=1'] }, filter: { sc-status: 404 }, condition: selection and not filter }
---
title: any
logsource: { category: firewall }
detection: { one: { dst_port: [22, 443] }, two: { proto: 'TCP' }, condition: 1 of them }
---
title: most
logsource: { category: firewall }
detection: { one: { dst_port: 443 }, two: { action|re: '^[a-z]+$' }, three: { src_ip|cidr: '10.0.0.0/8' }, condition: 2 of them }
---
title: no
logsource: {}
detection: { selection: { user: root }, condition: not selection }
---
title: path
logsource: {}
detection: { selection: { exe|contains: '/bin/' }, other: { a0|endswith: 'd' }, condition: selection or other }
"#;

    #[test]
    fn no_rule_is_passed_over_that_would_have_matched() {
        let mut detector = Detector::default();
        let mut rules = vec![RULES.to_owned()];
        // More of them where public rules are at hand.
        let at_hand = std::env::var_os("SIGMA_RULES").map(std::path::PathBuf::from);
        let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/sigma");
        texts(&at_hand.unwrap_or_else(beside), "yml", &mut rules);
        for rule in rules.iter().flat_map(|text| parse_sigma_yaml(text).unwrap().rules) {
            detector.add(&rule).unwrap();
        }
        let mut lines = Vec::new();
        texts(Path::new("../lines/tests/lines"), "log", &mut lines);
        lines.push("type=EXECVE msg=audit(1.1:1): argc=3 a0=\"dd\" a1=\"TRUNCATE\" a2=\"-s\"".to_owned());
        lines.push(
            r#"{"src_ip":"10.0.0.1","dst_ip":"10.0.0.2","dst_port":"\u0034\u0034\u0033","user":"lin"}"#
                .to_owned(),
        );
        let (mut reader, mut found, mut count) = (Reader::new(), Vec::new(), 0);
        for line in lines.iter().flat_map(|text| text.lines()) {
            let received = Instant::from_micros(1_795_140_672_000_000).unwrap();
            let record = reader.read(Source::default(), received, line.as_bytes());
            let event = Event { record: &record, told: kind::told(&record), known: &Known::default() };
            let looked = detector.find(&event, &mut found);
            assert_eq!(found, detector.find_slowly(&event), "{line}");
            assert!(found.len() <= looked.tried && looked.tried <= looked.candidates);
            count += found.len();
        }
        assert!(count > 100, "{count}");
    }
}
