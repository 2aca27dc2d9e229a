// What the LocalAuthority service stands on.
import type { LocalAuthorities } from '../../ca/ports.js';

export interface LocalAuthorityServicePorts {
  readonly localAuthorities: LocalAuthorities;
}
