//! Bodies of events as JSON: the members of what happened, and its kind among them.
//!
//! The entry's header states the kind, too, so that a reader knows what it reads before the first member, and keeps no
//! member for later. One table of kinds, that of [`Body`], serves writing and reading.
//! Invariant: the kind among the members is the one that was asked for.
//! Does not: lift earlier versions (`lift` does), check that the JSON is canonical (`proof` has done so).

use crate::event::Body;
use serde::de::value::CowStrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess,
    VariantAccess, Visitor,
};
use serde::ser::{self, Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::fmt;

/// The member that states the kind.
const KIND: &str = "kind";

impl Body {
    /// Reads a body of a kind, which its members must state, too.
    ///
    /// # Errors
    /// There is no such kind, the members state another or none, or they are not those of the kind.
    pub fn read(kind: &str, json: &[u8]) -> Result<Self, serde_json::Error> {
        let mut from = serde_json::Deserializer::from_slice(json);
        let body = Self::deserialize(Kinded { kind, from: &mut from })?;
        from.end()?;
        Ok(body)
    }

    fn members(&self) -> Result<Map<String, Json>, serde_json::Error> {
        let refused = || <serde_json::Error as Error>::custom("a body is an object");
        let Json::Object(outer) = serde_json::to_value(Outer(self))? else { return Err(refused()) };
        let Some((kind, Json::Object(mut members))) = outer.into_iter().next() else { return Err(refused()) };
        members.insert(KIND.to_owned(), Json::String(kind));
        // As they stand in an entry.
        members.sort_keys();
        Ok(members)
    }
}

/// A body as one member, named by its kind, around the others: what is derived.
struct Outer<'b>(&'b Body);

impl Serialize for Outer<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Body::serialize(self.0, to)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.members().map_err(ser::Error::custom)?.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let members: Map<String, Json> = Deserialize::deserialize(from)?;
        let kind = members.get(KIND).and_then(Json::as_str).map(ToOwned::to_owned);
        let kind = kind.ok_or_else(|| D::Error::missing_field(KIND))?;
        Self::deserialize(Kinded { kind: &kind, from: Json::Object(members) }).map_err(D::Error::custom)
    }
}

/// Members, to be read as those of a kind.
struct Kinded<'k, D> {
    kind: &'k str,
    from: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Kinded<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.from.deserialize_map(Checked { kind: self.kind, visitor })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de, D: Deserializer<'de>> EnumAccess<'de> for Kinded<'_, D> {
    type Error = D::Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), D::Error> {
        Ok((seed.deserialize(self.kind.into_deserializer())?, self))
    }
}

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for Kinded<'_, D> {
    type Error = D::Error;

    fn unit_variant(self) -> Result<(), D::Error> {
        Err(D::Error::custom("every kind has members"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, D::Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, D::Error> {
        Err(D::Error::custom("members have names"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.deserialize_any(visitor)
    }
}

/// Lets a visitor see all members but the kind, which must be the one that was asked for.
struct Checked<'k, V> {
    kind: &'k str,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Checked<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the members of {}", self.kind)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        let mut others = Others { kind: self.kind, stated: false, map };
        let value = self.visitor.visit_map(&mut others)?;
        if others.stated { Ok(value) } else { Err(A::Error::missing_field(KIND)) }
    }
}

/// Members but the kind.
struct Others<'k, A> {
    kind: &'k str,
    stated: bool,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for &mut Others<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(Text(name)) = self.map.next_key()? {
            if name != KIND {
                return seed.deserialize(CowStrDeserializer::new(name)).map(Some);
            }
            let Text(kind) = self.map.next_value()?;
            if kind != self.kind {
                return Err(A::Error::custom(format_args!("it says {kind}")));
            }
            if std::mem::replace(&mut self.stated, true) {
                return Err(A::Error::duplicate_field(KIND));
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A text, borrowed where it stands as it is meant.
struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reading;

        impl<'de> Visitor<'de> for Reading {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }

        from.deserialize_str(Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const RECORD: &str = "r_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    const PERSON: &str = "p_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    const UNIT: &str = "u_aaaaaaaaaaaaaaaaaaaaaaaaaa";
    const AT: &str = "2026-11-23T01:02:03.456789Z";

    /// A body of every kind, with all members it can have.
    fn examples() -> Vec<Json> {
        let to = json!({"register": "room", "record": RECORD});
        let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let point = json!({"index": 0, "at": AT});
        let key = json!({"duty": "rounds", "object": {"record": to}, "nominal": "2026-11-23"});
        let content = json!({"name": "第一\n機房", "tags": ["a", {"z": 1, "b": null}], "vault": true});
        vec![
            json!({"kind": "approval.voided/1", "step": "approve", "cause": "changed", "fields": ["name"]}),
            json!({"kind": "case.belongs/1", "unit": UNIT}),
            json!({"kind": "case.changed/1", "content": content, "fields": ["name"], "by": to}),
            json!({"kind": "case.graded/1", "grade": "open", "paper": true}),
            json!({"kind": "case.linked/1", "to": to, "step": "approve"}),
            json!({"kind": "case.moved/1", "from": 1, "to": 2, "state": "running", "states": {"a": "b"},
                   "content": content, "fields": {"name": "title"}}),
            json!({"kind": "case.numbered/1", "number": "115-1", "sequence": "room/115", "place": 1}),
            json!({"kind": "case.opened/1", "register": "room", "version": 3, "step": "propose", "unit": UNIT,
                   "state": "proposed", "ending": "done", "content": content, "asked": ["name", "vault"],
                   "grade": "open", "paper": false, "occurred_at": AT, "late_reason": "停電",
                   "origin": to, "duty": key}),
            json!({"kind": "case.reckoned/1", "values": content}),
            json!({"kind": "case.sent-back/1", "to": "proposed"}),
            json!({"kind": "clock.fired/1", "clock": "vendor", "point": point, "late_by_outage": true}),
            json!({"kind": "clock.set/1", "clock": "vendor", "due": AT, "points": [point]}),
            json!({"kind": "clock.stopped/1", "clock": "vendor"}),
            json!({"kind": "content.condemned/1", "records": [to]}),
            json!({"kind": "duty.begun/1", "object": {"unit": UNIT}, "from": "2026-11-23"}),
            json!({"kind": "duty.calendar-missing/1", "object": {"unit": UNIT}, "day": "2028-01-01"}),
            json!({"kind": "duty.chased/1", "key": key, "point": point, "late_by_outage": false}),
            json!({"kind": "duty.done/1", "key": key, "record": RECORD, "on_time": true}),
            json!({"kind": "duty.opened/1", "key": key, "version": 1, "due_on": "2026-11-23", "due": AT,
                   "record": RECORD, "points": [point]}),
            json!({"kind": "duty.reopened/1", "key": key, "record": RECORD}),
            json!({"kind": "duty.rested/1", "object": {"record": to}}),
            json!({"kind": "effect.refused/1", "zh": "不符", "en": "does not fit"}),
            json!({"kind": "hook.answered/1", "hook": "mail", "asked": "17", "done": true, "text": "250 \"ok\""}),
            json!({"kind": "hook.asked/1", "hook": "mail", "give": {"name": {"a": [1]}}}),
            json!({"kind": "notice.sent/1", "zh": "請簽", "en": "Sign",
                   "to": [{"person": PERSON}, {"role": {"role": "head", "unit": UNIT, "above": true}}]}),
            json!({"kind": "seats.set/1", "step": "approve", "seats": {"need": 1, "seats": [
                   {"who": "people", "people": [PERSON]},
                   {"who": "role", "role": "head", "unit": UNIT, "above": false}]}}),
            json!({"kind": "signatures.voided/1", "cause": "barred", "people": [PERSON]}),
            json!({"kind": "step.signed/1", "step": "amend", "outcome": "take_back", "reason": "誤植", "chairs": [0],
                   "evidence": "passkey", "content": content, "fields": ["name"], "policy": "night"}),
            json!({"kind": "step.taken/1", "step": "amend", "outcome": "done", "by": [PERSON], "from": "a", "to": "b",
                   "ending": "void", "binds": ["name"], "asked": ["name"], "supersedes": "12",
                   "about": {"entry": "11", "hash": hash}}),
        ]
    }

    fn kind(body: &Json) -> &str {
        body["kind"].as_str().unwrap()
    }

    fn read(kind: &str, body: &Json) -> Result<Body, serde_json::Error> {
        Body::read(kind, &proof::json::to_canonical(body).unwrap())
    }

    #[test]
    fn bodies_of_every_kind_go_there_and_back() {
        let none = Body::read("no-such/1", b"{}").unwrap_err().to_string();
        for body in examples() {
            assert!(none.contains(&format!("`{}`", kind(&body))), "{none}");
            let meant = read(kind(&body), &body).unwrap();
            assert_eq!(meant.kind(), kind(&body));
            assert_eq!(serde_json::to_value(&meant).unwrap(), body);
            assert_eq!(serde_json::from_value::<Body>(body).unwrap(), meant);
        }
        // The message names every kind there is: none is without example.
        assert_eq!(none.matches('`').count() / 2, examples().len() + 1, "{none}");
    }

    #[test]
    fn what_says_another_kind_says_none_or_says_it_twice_is_refused() {
        for (body, next) in examples().iter().zip(examples().iter().cycle().skip(1)) {
            assert!(read(kind(next), body).is_err(), "{body}");
            let mut kindless = body.clone();
            kindless.as_object_mut().unwrap().remove("kind");
            assert!(read(kind(body), &kindless).is_err(), "{kindless}");
            assert!(serde_json::from_value::<Body>(kindless).is_err());
        }
        let twice = br#"{"clock":"vendor","kind":"clock.stopped/1","kind":"clock.stopped/1"}"#;
        assert!(Body::read("clock.stopped/1", twice).is_err());
        assert!(Body::read("clock.stopped/1", br#"{"clock":"vendor","kind":"clock.stopped/1"}x"#).is_err());
        assert!(Body::read("clock.stopped/1", br#"["vendor"]"#).is_err());
    }

    proptest! {
        /// A member less, or one with another value: by its kind it reads as it does without.
        #[test]
        fn a_changed_body_reads_the_same_with_and_without_its_kind(
            which in 0usize..29, member in 0usize..16, with in prop::option::of("[a-z]{0,3}"),
        ) {
            let mut body = examples()[which].clone();
            let own = kind(&body).to_owned();
            let members = body.as_object_mut().unwrap();
            let name = members.keys().nth(member % members.len()).unwrap().clone();
            match with {
                Some(text) => members.insert(name, json!(text)),
                None => members.remove(&name),
            };
            let (by_kind, alone) = (read(&own, &body).ok(), serde_json::from_value::<Body>(body).ok());
            prop_assert_eq!(by_kind, alone.filter(|alone| alone.kind() == own));
        }
    }
}
