// What was measured of both makers, the median of each, and how much better ours is.
import { makerNames, type MakerName } from './systems.js';

interface Row {
  readonly unit: string;
  readonly better: 'more' | 'less';
  readonly values: Readonly<Record<MakerName, number[]>>;
}

export class RatioTable {
  readonly #rows = new Map<string, Row>();

  /** Notes a value of which more is better. */
  more(what: string, unit: string, maker: MakerName, value: number): void {
    this.#note(what, { unit, better: 'more' }, maker, value);
  }

  /** Notes a value of which less is better. */
  less(what: string, unit: string, maker: MakerName, value: number): void {
    this.#note(what, { unit, better: 'less' }, maker, value);
  }

  /** Markdown; a ratio above 1 is for Credence. */
  toString(): string {
    const lines = [...this.#rows].map(([what, { unit, better, values }]) => {
      const [ours, theirs] = makerNames.map((maker) => median(values[maker])) as [number, number];
      const ratio = better === 'more' ? ours / theirs : theirs / ours;
      return `| ${what} | ${print(ours)} ${unit} | ${print(theirs)} ${unit} | ${Number(ratio.toPrecision(2))} |`;
    });
    return ['| what | Credence | SPIRE | ratio |', '| --- | --- | --- | --- |', ...lines].join('\n');
  }

  #note(what: string, kind: Pick<Row, 'unit' | 'better'>, maker: MakerName, value: number): void {
    const row = this.#rows.get(what) ?? { ...kind, values: { Credence: [], SPIRE: [] } };
    row.values[maker].push(value);
    this.#rows.set(what, row);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}

function print(value: number): string {
  return value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US');
}
