//! JSON Schemas (draft 2020-12) from shapes, for editors.

use super::{Form, Shape};
use serde_json::{Map, Value, json};

/// The schema of a file.
pub(crate) fn schema(title: (&str, &str), shape: &Shape) -> Value {
    let mut schema = table(shape);
    if let Some(members) = schema.as_object_mut() {
        members.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        members.insert("title".into(), format!("{} / {}", title.0, title.1).into());
        members.insert("$defs".into(), definitions());
    }
    schema
}

fn definitions() -> Value {
    json!({
        "clause": { "type": "string", "pattern": r"^[1-9][0-9]{0,2}(\.[1-9][0-9]{0,2})*$" },
        "id": { "type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$" },
        "label": {
            "type": "object",
            "properties": {
                "en": { "type": "string", "minLength": 1, "description": "英文 / English" },
                "zh": { "type": "string", "minLength": 1, "description": "正體中文 / Traditional Chinese" },
            },
            "required": ["zh", "en"],
            "additionalProperties": false,
        },
        "limit": {
            "type": "string",
            "pattern": "^[0-9]{1,5} (minutes?|hours?|days?|working days?|weeks?|months?|years?)$",
        },
    })
}

fn table(shape: &Shape) -> Value {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut value = form(&key.form);
        if let Some(members) = value.as_object_mut() {
            members.insert("description".into(), format!("{} / {}", key.doc.0, key.doc.1).into());
        }
        properties.insert(key.name.to_owned(), value);
    }
    let required: Vec<&str> = shape.keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn form(form: &Form) -> Value {
    match form {
        Form::Anything => json!({}),
        Form::Clause => json!({ "$ref": "#/$defs/clause" }),
        Form::Condition => json!({ "type": "string", "minLength": 1, "maxLength": 2000 }),
        Form::Date => json!({ "type": "string", "format": "date" }),
        Form::Either(forms) => json!({ "anyOf": forms.iter().map(self::form).collect::<Vec<_>>() }),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Id => json!({ "$ref": "#/$defs/id" }),
        Form::Label => json!({ "$ref": "#/$defs/label" }),
        Form::Limit => json!({ "$ref": "#/$defs/limit" }),
        Form::List(of) => json!({ "type": "array", "items": self::form(of) }),
        Form::Map(of) => json!({
            "type": "object",
            "propertyNames": { "$ref": "#/$defs/id" },
            "additionalProperties": self::form(of),
        }),
        Form::Number => json!({ "type": "number" }),
        Form::Table(shape) => table(shape),
        Form::Tables(shape) => json!({ "type": "array", "items": table(shape) }),
        Form::Text => json!({ "type": "string", "minLength": 1 }),
        Form::TimeOfDay => json!({ "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$" }),
        Form::Whole(from, to) => json!({ "type": "integer", "minimum": from, "maximum": to }),
        Form::Word(words) => json!({ "enum": words }),
    }
}
