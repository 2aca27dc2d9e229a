// Which of several X.509-SVIDs a process uses: the first (SPIFFE Workload API §8), the one with a hint, or its own pick.
import { inspect } from 'node:util';
import { sdkError } from '../runtime/index.js';
import type { X509Svid } from '../svid/index.js';
import type { X509Context } from './x509-context.js';

export interface SvidChoice {
  /** Chooses among the SVIDs; an update in which it finds none is discarded. */
  readonly picker?: ((svids: readonly X509Svid[]) => X509Svid | undefined) | undefined;
  /** Chooses the SVID with this hint. */
  readonly hint?: string | undefined;
}

/**
 * The choice as a function, which throws SpiffeError `ERR_SPIFFE_RESPONSE` when an update holds no suitable SVID.
 *
 * @throws TypeError when both are given.
 */
export function svidPicker({ picker, hint }: SvidChoice): (context: X509Context) => X509Svid {
  if (picker !== undefined && hint !== undefined) throw new TypeError('expected picker or hint, not both');
  if (hint !== undefined) return (context) => context.svidByHint(hint) ?? missing(hint, context);
  if (picker === undefined) return (context) => context.defaultSvid;
  return (context) => {
    const picked = picker(context.svids);
    if (picked === undefined) throw sdkError('ERR_SPIFFE_RESPONSE', 'the picker chose none of the X.509-SVIDs');
    return picked;
  };
}

function missing(hint: string, { svids }: X509Context): never {
  const hints = svids.map((svid) => inspect(svid.hint ?? '')).join(', ');
  throw sdkError('ERR_SPIFFE_RESPONSE', `no X.509-SVID has the hint ${inspect(hint)}; hints received: ${hints}`);
}
