// The descriptors of services, as clients of reflection read them. What proto-loader says of a loaded file is almost a
// FileDescriptorProto (descriptor.proto): it names types as they were written and entries of maps by their field, lacks
// imports, and tells of a package only what one service needs.
import type { ServiceDefinition } from '@grpc/grpc-js';
import { fileDescriptor } from '@credence/sdk/wire';

interface Named {
  readonly name: string;
}

interface Field extends Named {
  readonly typeName?: string;
}

interface MessageType extends Named {
  readonly field?: readonly Field[];
  readonly nestedType?: readonly MessageType[];
  readonly enumType?: readonly Named[];
  readonly options?: { readonly mapEntry?: boolean };
}

interface Method {
  readonly inputType: string;
  readonly outputType: string;
}

interface Service extends Named {
  readonly method?: readonly Method[];
}

interface File {
  readonly package?: string;
  readonly messageType?: readonly MessageType[];
  readonly enumType?: readonly Named[];
  readonly service?: readonly Service[];
}

/** Where each type is defined, by its full name. */
type Homes = ReadonlyMap<string, string>;

/** FileDescriptorProtos: one for each package of which the services need something. */
export function fileDescriptors(definitions: readonly ServiceDefinition[]): readonly Buffer[] {
  const found = definitions.flatMap(descriptorsOf).map((bytes) => fileDescriptor().deserialize(bytes) as File);
  const packages = [...new Set(found.map((file) => file.package ?? ''))];
  const files = packages.map((name) => merged(found.filter((file) => (file.package ?? '') === name)));
  const homes = new Map(files.flatMap((file) => namesIn(file).map((name) => [name, fileName(file)] as const)));
  return files.map((file) => fileDescriptor().serialize(linked(file, homes)));
}

// Each message type of proto-loader brings along the descriptors of all that was loaded with it.
function descriptorsOf(definition: ServiceDefinition): readonly Buffer[] {
  const [method] = Object.values(definition) as { readonly requestType?: { fileDescriptorProtos: Buffer[] } }[];
  return method?.requestType?.fileDescriptorProtos ?? [];
}

function merged(files: readonly File[]): File {
  const unique = <T extends Named>(all: readonly (readonly T[] | undefined)[]): T[] => [
    ...new Map(all.flatMap((some) => some ?? []).map((one) => [one.name, one])).values(),
  ];
  return {
    ...files[0],
    messageType: unique(files.map(({ messageType }) => messageType)).map(withEntryNames),
    enumType: unique(files.map(({ enumType }) => enumType)),
    service: unique(files.map(({ service }) => service)),
  };
}

/** Entries of maps named as every client expects: `FederatedBundlesEntry` for the field `federated_bundles`. */
function withEntryNames(message: MessageType): MessageType {
  const nested = message.nestedType ?? [];
  const entries = new Set(nested.filter(({ options }) => options?.mapEntry === true).map(({ name }) => name));
  const fields = message.field ?? [];
  const names = new Map(
    fields.flatMap(({ name, typeName = '' }) => (entries.has(typeName) ? [[typeName, entryName(name)] as const] : [])),
  );
  return {
    ...message,
    field: fields.map((field) => renamed(field, names)),
    nestedType: nested.map((one) => ({ ...withEntryNames(one), name: names.get(one.name) ?? one.name })),
  };
}

function renamed(field: Field, names: ReadonlyMap<string, string>): Field {
  const typeName = names.get(field.typeName ?? '');
  return typeName === undefined ? field : { ...field, typeName };
}

function entryName(field: string): string {
  return `${field.replaceAll(/(?:^|_)(.)/g, (_match, letter: string) => letter.toUpperCase())}Entry`;
}

function fileName(file: File): string {
  return `${file.package?.replaceAll('.', '/') ?? 'workload'}.proto`;
}

function namesIn(file: File): readonly string[] {
  const scope = `.${file.package ?? ''}`;
  const below = (prefix: string, { name, nestedType = [], enumType = [] }: MessageType): readonly string[] => {
    const own = join(prefix, name);
    return [own, ...enumType.map((one) => join(own, one.name)), ...nestedType.flatMap((one) => below(own, one))];
  };
  return [
    ...(file.enumType ?? []).map(({ name }) => join(scope, name)),
    ...(file.messageType ?? []).flatMap((message) => below(scope, message)),
  ];
}

/** With every type named in full, and with imports. */
function linked(file: File, homes: Homes): object {
  const scope = `.${file.package ?? ''}`;
  const used = new Set<string>();
  const refer = (name: string, from: string): string => {
    const full = resolve(name, from, homes);
    used.add(homes.get(full) ?? '');
    return full;
  };
  const link = (message: MessageType, prefix: string): MessageType => {
    const own = join(prefix, message.name);
    const { field = [], nestedType = [] } = message;
    return {
      ...message,
      field: field.map((one) => (one.typeName === undefined ? one : { ...one, typeName: refer(one.typeName, own) })),
      nestedType: nestedType.map((one) => link(one, own)),
    };
  };
  const messageType = file.messageType?.map((message) => link(message, scope));
  const service = file.service?.map((one) => ({
    ...one,
    method: one.method?.map((method) => ({
      ...method,
      inputType: refer(method.inputType, scope),
      outputType: refer(method.outputType, scope),
    })),
  }));
  const name = fileName(file);
  used.delete(name);
  return { ...file, name, messageType, service, dependency: [...used].sort() };
}

/** As protoc looks names up: from the innermost scope outwards. */
function resolve(name: string, from: string, homes: Homes): string {
  if (name.startsWith('.')) return name;
  for (let scope = from; ; scope = scope.slice(0, Math.max(scope.lastIndexOf('.'), 1))) {
    const full = join(scope, name);
    if (homes.has(full)) return full;
    if (scope === '.') throw new TypeError(`the type ${name} is not known in ${from}`);
  }
}

function join(scope: string, name: string): string {
  return scope === '.' ? `.${name}` : `${scope}.${name}`;
}
