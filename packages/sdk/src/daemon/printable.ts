// Text of others on a terminal: what it shows is what the text says, and nothing in it moves the cursor, changes colours,
// or reorders the line.

/** Writes control and format characters (Unicode category C) as escapes: `\u001b`. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, escaped);
}

/** As {@link printable}, for text of several lines and columns: line breaks and tabs stay. */
export function printableLines(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, escaped);
}

function escaped(character: string): string {
  // By UTF-16 code units, as JSON has them.
  return character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
