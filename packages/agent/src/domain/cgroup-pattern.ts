// A pattern by which an operator says where in the path of a control group the ID of a container is. It stands for the
// whole path, name by name: `*` for any one name, `<id>` for the one that is the ID, and else a name for itself.

const anyName = '*';
const idName = '<id>';

export class CgroupPattern {
  /** As it was written. */
  readonly text: string;
  readonly #names: readonly string[];

  private constructor(text: string) {
    this.text = text;
    this.#names = namesOf(text);
  }

  /** @throws TypeError for a text that is no such pattern. */
  static parse(text: string): CgroupPattern {
    const quoted = JSON.stringify(text);
    const pattern = new CgroupPattern(text);
    if (!text.startsWith('/')) throw new TypeError(`${quoted} does not begin with a slash`);
    if (pattern.#names.includes('')) throw new TypeError(`${quoted} has an empty name`);
    // Within a name they would stand for themselves, and match nothing that there is.
    const part = pattern.#names.find((name) => !isPlaceholder(name) && /\*|<id>/.test(name));
    if (part !== undefined)
      throw new TypeError(`${quoted} has ${JSON.stringify(part)}; * and <id> stand for whole names`);
    if (pattern.#names.filter((name) => name === idName).length !== 1) {
      throw new TypeError(`${quoted} does not have ${idName} exactly once`);
    }
    return pattern;
  }

  /** What stands where the ID is, and the path as far as there; undefined when the path is another. */
  find(path: string): { readonly id: string; readonly path: string } | undefined {
    const names = namesOf(path);
    if (names.length !== this.#names.length || names.includes('')) return undefined;
    if (!this.#names.every((name, index) => isPlaceholder(name) || name === names[index])) return undefined;
    const at = this.#names.indexOf(idName);
    return { id: names[at] ?? '', path: `/${names.slice(0, at + 1).join('/')}` };
  }

  /** Whether a path may match both. */
  overlaps(other: CgroupPattern): boolean {
    const same = (name: string, index: number): boolean => {
      const others = other.#names[index] ?? '';
      return name === others || isPlaceholder(name) || isPlaceholder(others);
    };
    return this.#names.length === other.#names.length && this.#names.every(same);
  }
}

function isPlaceholder(name: string): boolean {
  return name === anyName || name === idName;
}

function namesOf(path: string): readonly string[] {
  return path.slice(1).split('/');
}
