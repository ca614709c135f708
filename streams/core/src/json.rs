//! Looks at JSON text without making anything of it, and writes strings as orjson does.
//!
//! Conservative: None means "not plainly in order", and somebody else looks. What it passes is RFC 8259. Does not know:
//! members.

/// Brackets inside each other and keys, as `codec.careful` bounds them.
pub const MAX_DEPTH: usize = 32;
pub const MAX_KEYS: usize = 200;

pub struct Cursor<'a> {
    pub text: &'a str,
    pub at: usize,
    pub keys: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, keys: 0 }
    }

    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            self.at += 1;
        }
    }

    /// This byte, after space.
    pub fn expect(&mut self, byte: u8) -> Option<()> {
        self.space();
        self.eat(byte).then_some(())
    }

    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// A string, and whether it has escapes; what stands between the quotes.
    pub fn string(&mut self) -> Option<(&'a str, bool)> {
        self.eat(b'"').then_some(())?;
        let (begin, bytes) = (self.at, self.text.as_bytes());
        let mut escaped = false;
        loop {
            match *bytes.get(self.at)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    matches!(bytes.get(self.at + 1)?, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
                        .then_some(())?;
                    self.at += 2;
                }
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
        let found = &self.text[begin..self.at];
        self.at += 1;
        Some((found, escaped))
    }

    fn digits(&mut self) -> Option<()> {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > begin).then_some(())
    }

    /// A number as it is written.
    pub fn number(&mut self) -> Option<&'a str> {
        let begin = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Some(&self.text[begin..self.at])
    }

    pub fn word(&mut self, word: &str) -> Option<()> {
        self.text[self.at..].starts_with(word).then_some(())?;
        self.at += word.len();
        Some(())
    }

    /// Past one value, and how it is written. depth: of what it stands in.
    pub fn value(&mut self, depth: usize) -> Option<&'a str> {
        self.space();
        let begin = self.at;
        match self.peek()? {
            b'"' => self.string().map(|_| ())?,
            b'{' => self.members(depth, |_, _| Some(()))?,
            b'[' => self.items(depth)?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number().map(|_| ())?,
        }
        Some(&self.text[begin..self.at])
    }

    fn items(&mut self, depth: usize) -> Option<()> {
        (depth < MAX_DEPTH).then_some(())?;
        self.at += 1;
        self.space();
        if self.eat(b']') {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            if self.eat(b']') {
                return Some(());
            }
            self.eat(b',').then_some(())?;
        }
    }

    /// Every member of an object: its name, which has no escapes, and its value as it is written.
    pub fn members(&mut self, depth: usize, mut each: impl FnMut(&'a str, &'a str) -> Option<()>) -> Option<()> {
        (depth < MAX_DEPTH).then_some(())?;
        self.expect(b'{')?;
        self.space();
        if self.eat(b'}') {
            return Some(());
        }
        loop {
            self.space();
            let (name, escaped) = self.string()?;
            (!escaped).then_some(())?;
            self.keys += 1;
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            each(name, value)?;
            self.space();
            if self.eat(b'}') {
                return Some(());
            }
            self.eat(b',').then_some(())?;
        }
    }
}

/// What stands between the quotes of a string without escapes; None for anything else.
pub fn plain_string(value: &str) -> Option<&str> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

/// As orjson writes it.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            0x08 => out.extend(b"\\b"),
            0x09 => out.extend(b"\\t"),
            0x0a => out.extend(b"\\n"),
            0x0c => out.extend(b"\\f"),
            0x0d => out.extend(b"\\r"),
            0..=0x1f => {
                out.extend(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
