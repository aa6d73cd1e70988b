//! The untyped tree of a condition, with CEL's binding.
//!
//! Limits: 2,000 bytes of text, 100 levels of nesting.

use super::ConditionError;
use super::ast::Operator;
use super::lex::{Token, lex};
use crate::decimal::Decimal;

#[derive(Debug)]
pub(super) struct Node {
    /// Byte offset in the text.
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Binary(Operator, Box<Node>, Box<Node>),
    /// A function by name.
    Call(String, Vec<Node>),
    Choose(Box<Node>, Box<Node>, Box<Node>),
    List(Vec<Node>),
    /// A function after a dot; the offset is that of its name.
    Method(Box<Node>, String, usize, Vec<Node>),
    Name(String),
    Negative(Box<Node>),
    Not(Box<Node>),
    Number(Decimal),
    /// A member; the offset is that of its name.
    Select(Box<Node>, String, usize),
    Text(String),
    Truth(bool),
}

const LONGEST: usize = 2_000;
const DEEPEST: usize = 100;

pub(super) fn parse(text: &str) -> Result<Node, ConditionError> {
    if text.len() > LONGEST {
        let (zh, en) = ("條件式超過 2,000 位元組", "the condition is longer than 2,000 bytes");
        return Err(ConditionError::new(0, zh.to_owned(), en.to_owned()));
    }
    let mut parser = Parser { tokens: lex(text)?, next: 0, end: text.len(), depth: 0 };
    let node = parser.choose()?;
    match parser.peek() {
        None => Ok(node),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        if found {
            self.next += 1;
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), ConditionError> {
        if self.take(sign) {
            return Ok(());
        }
        Err(ConditionError::new(
            self.at(),
            format!("此處應為「{sign}」"),
            format!("{sign} is asked for here"),
        ))
    }

    fn unexpected(&self) -> ConditionError {
        let (zh, en) = match self.peek() {
            None => ("條件式不完整".to_owned(), "the condition ends too early".to_owned()),
            Some(Token::Name(name)) => {
                (format!("此處不應有「{name}」"), format!("{name:?} is unexpected here"))
            }
            Some(Token::Number(number)) => {
                (format!("此處不應有「{number}」"), format!("{number} is unexpected here"))
            }
            Some(Token::Sign("=")) => ("相等請寫 ==".to_owned(), "write == for equality".to_owned()),
            Some(Token::Sign(sign)) => {
                (format!("此處不應有「{sign}」"), format!("{sign:?} is unexpected here"))
            }
            Some(Token::Text(text)) => {
                (format!("此處不應有文字「{text}」"), format!("the text {text:?} is unexpected here"))
            }
        };
        ConditionError::new(self.at(), zh, en)
    }

    /// Guards every way down against texts made to exhaust the stack.
    fn deeper(&mut self) -> Result<(), ConditionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let (zh, en) = ("條件式巢狀過深", "the condition is nested too deeply");
            return Err(ConditionError::new(self.at(), zh.to_owned(), en.to_owned()));
        }
        Ok(())
    }

    fn choose(&mut self) -> Result<Node, ConditionError> {
        self.deeper()?;
        let at = self.at();
        let condition = self.or()?;
        let node = if self.take("?") {
            let yes = self.or()?;
            self.expect(":")?;
            let no = self.choose()?;
            Node { at, kind: Kind::Choose(Box::new(condition), Box::new(yes), Box::new(no)) }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(node)
    }

    fn or(&mut self) -> Result<Node, ConditionError> {
        self.chain(&[("||", Operator::Or)], Self::and)
    }

    fn and(&mut self) -> Result<Node, ConditionError> {
        self.chain(&[("&&", Operator::And)], Self::relation)
    }

    fn relation(&mut self) -> Result<Node, ConditionError> {
        let signs = [
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        let at = self.at();
        let left = self.sum()?;
        let in_list = matches!(self.peek(), Some(Token::Name(name)) if name == "in");
        let operator = if in_list {
            self.next += 1;
            Some(Operator::In)
        } else {
            signs.into_iter().find(|(sign, _)| self.take(sign)).map(|(_, operator)| operator)
        };
        match operator {
            None => Ok(left),
            Some(operator) => {
                let right = self.sum()?;
                Ok(Node { at, kind: Kind::Binary(operator, Box::new(left), Box::new(right)) })
            }
        }
    }

    fn sum(&mut self) -> Result<Node, ConditionError> {
        self.chain(&[("+", Operator::Plus), ("-", Operator::Minus)], Self::product)
    }

    fn product(&mut self) -> Result<Node, ConditionError> {
        let signs = [("*", Operator::Times), ("/", Operator::Divide), ("%", Operator::Remainder)];
        self.chain(&signs, Self::unary)
    }

    fn chain(
        &mut self,
        signs: &[(&str, Operator)],
        part: fn(&mut Self) -> Result<Node, ConditionError>,
    ) -> Result<Node, ConditionError> {
        let at = self.at();
        let mut node = part(self)?;
        // Each link makes the tree one level deeper on its left.
        let outside = self.depth;
        while let Some((_, operator)) = signs.iter().find(|(sign, _)| self.take(sign)) {
            self.deeper()?;
            let right = part(self)?;
            node = Node { at, kind: Kind::Binary(*operator, Box::new(node), Box::new(right)) };
        }
        self.depth = outside;
        Ok(node)
    }

    fn unary(&mut self) -> Result<Node, ConditionError> {
        let at = self.at();
        for (sign, make) in [("!", Kind::Not as fn(Box<Node>) -> Kind), ("-", Kind::Negative)] {
            if self.take(sign) {
                self.deeper()?;
                let of = self.unary()?;
                self.depth -= 1;
                return Ok(Node { at, kind: make(Box::new(of)) });
            }
        }
        self.member()
    }

    fn member(&mut self) -> Result<Node, ConditionError> {
        let at = self.at();
        let mut node = self.primary()?;
        while self.take(".") {
            let name_at = self.at();
            let name = self.name()?;
            let kind = if self.take("(") {
                let arguments = self.list(")")?;
                Kind::Method(Box::new(node), name, name_at, arguments)
            } else {
                Kind::Select(Box::new(node), name, name_at)
            };
            node = Node { at, kind };
        }
        Ok(node)
    }

    fn name(&mut self) -> Result<String, ConditionError> {
        match self.peek() {
            Some(Token::Name(name)) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn primary(&mut self) -> Result<Node, ConditionError> {
        let at = self.at();
        let Some(token) = self.peek().cloned() else { return Err(self.unexpected()) };
        let kind = match token {
            Token::Number(number) => Kind::Number(number),
            Token::Text(text) => Kind::Text(text),
            Token::Name(name) if name == "true" => Kind::Truth(true),
            Token::Name(name) if name == "false" => Kind::Truth(false),
            Token::Name(name) if name != "in" => {
                self.next += 1;
                let kind = if self.take("(") { Kind::Call(name, self.list(")")?) } else { Kind::Name(name) };
                return Ok(Node { at, kind });
            }
            Token::Sign("(") => {
                self.next += 1;
                let node = self.choose()?;
                self.expect(")")?;
                return Ok(node);
            }
            Token::Sign("[") => {
                self.next += 1;
                return Ok(Node { at, kind: Kind::List(self.list("]")?) });
            }
            _ => return Err(self.unexpected()),
        };
        self.next += 1;
        Ok(Node { at, kind })
    }

    /// Expressions joined by commas up to the closing sign.
    fn list(&mut self, close: &str) -> Result<Vec<Node>, ConditionError> {
        let mut items = Vec::new();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(self.choose()?);
            if !self.take(",") {
                self.expect(close)?;
                return Ok(items);
            }
        }
    }
}
