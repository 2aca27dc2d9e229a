// What an agent was serving, on disk for its next start: private keys of workloads too, and therefore sealed with the
// agent's own key. A file that is not this agent's, or not whole, is thrown away: all of it can be had anew.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeUnfinished, writeFileAtomic, type Logger, type Random } from '@credence/sdk/runtime';
import { z } from 'zod';
import type { AgentSvid } from '../domain/agent-svid.js';
import type { RememberedIdentities } from '../domain/remembered-identities.js';
import { encodeIdentities, parseIdentities } from './identities-json.js';
import { seal, unseal } from './sealed.js';

const fileMode = 0o600;
const format = 1;

// The first line of the file, in clear; what follows is sealed together with it.
const labelSchema = z.looseObject({ format: z.number(), agent: z.string() });

export interface DiskIdentityStoreOptions {
  readonly directory: string;
  readonly random: Random;
  readonly log: Logger;
}

/** workload-identities.sealed; each write survives a crash at the next instant. */
export class DiskIdentityStore {
  readonly #path: string;
  readonly #options: DiskIdentityStoreOptions;

  constructor(options: DiskIdentityStoreOptions) {
    this.#options = options;
    this.#path = join(options.directory, 'workload-identities.sealed');
  }

  /**
   * @param agent undefined: none is stored, and so nothing can be read.
   * @param privateKeys of the agent's SVID and of the one before, PKCS#8 DER.
   * @returns undefined when there is nothing, or nothing that is this agent's; then nothing is there afterwards.
   */
  async load(agent: AgentSvid | undefined, privateKeys: readonly Buffer[]): Promise<RememberedIdentities | undefined> {
    await removeUnfinished(this.#path);
    try {
      const file = await readFile(this.#path);
      if (agent === undefined) throw new Error('the agent that wrote it has no SVID any more');
      return open(file, agent, privateKeys);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      const reason = error instanceof z.ZodError || error instanceof SyntaxError ? 'it is damaged' : messageOf(error);
      this.#options.log.warn({ path: this.#path, reason }, 'the identities on disk cannot be used and are removed');
      await this.remove();
      return undefined;
    }
  }

  async store(agent: AgentSvid, remembered: RememberedIdentities): Promise<void> {
    const label = JSON.stringify({ format, agent: agent.id.toString() });
    const sealed = seal(agent.privateKey, label, Buffer.from(encodeIdentities(remembered)), this.#options.random);
    await writeFileAtomic(this.#path, Buffer.concat([Buffer.from(`${label}\n`), sealed]), fileMode);
  }

  async remove(): Promise<void> {
    await removeUnfinished(this.#path);
    await rm(this.#path, { force: true });
  }
}

function open(file: Buffer, agent: AgentSvid, privateKeys: readonly Buffer[]): RememberedIdentities {
  const end = file.indexOf('\n');
  const label = file.toString('utf8', 0, Math.max(end, 0));
  const { format: found, agent: writer } = labelSchema.parse(JSON.parse(label));
  if (found !== format) throw new Error(`it has format ${found}; ${format} is read`);
  if (writer !== agent.id.toString()) throw new Error(`it is of the agent ${writer}`);
  for (const key of privateKeys) {
    const content = unseal(key, label, file.subarray(end + 1));
    if (content !== undefined) return parseIdentities(content.toString('utf8'));
  }
  throw new Error('it is damaged, or sealed with a key that this agent does not have');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
