import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// The clock, randomness, timers, the environment and the console reach the code only through runtime/ and the edges
// (cli/, main.ts), so that everything between them can be tested by the minute in milliseconds.
const injected = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'Take a Clock.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take a Clock.' },
  { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Take a Random.' },
  { selector: 'CallExpression[callee.name=/^(setTimeout|setInterval)$/]', message: 'Take a Clock.' },
  { selector: "MemberExpression[object.name='process'][property.name=/^(env|exit)$/]", message: 'Belongs to cli/.' },
  { selector: "MemberExpression[object.name='console']", message: 'Take a Logger.' },
];

// On Node 20 a synchronous key generation followed by a JWK export can deadlock the process (ExportJWKEcKey).
const noSyncKeyGeneration = {
  selector:
    "MemberExpression[property.name='generateKeyPairSync'], ImportSpecifier[imported.name='generateKeyPairSync']",
  message: 'Deadlocks on Node 20 with a JWK export: use the asynchronous generateKeyPair.',
};

export default defineConfig(
  globalIgnores(['**/dist', '**/dist-test', 'coverage', 'docs-api', 'packages/sdk/src/wire/gen']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_$' }],
      'no-restricted-syntax': [
        'error',
        noSyncKeyGeneration,
        { selector: 'ExportDefaultDeclaration', message: 'Name it.' },
      ],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    rules: { 'max-lines': ['error', 300], '@typescript-eslint/explicit-module-boundary-types': 'error' },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/*/src/runtime/**', 'packages/*/src/cli/**', 'packages/*/src/main.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        noSyncKeyGeneration,
        { selector: 'ExportDefaultDeclaration', message: 'Name it.' },
        ...injected,
      ],
    },
  },
  {
    // The daemons load what they need when they start, and not all of what the SDK has for others.
    files: ['packages/{agent,server}/src/**/*.ts'],
    ignores: ['packages/*/src/{cli,helper,serverclient}/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { paths: [{ name: '@credence/sdk', message: 'Import its room.', allowTypeImports: true }] },
      ],
    },
  },
  {
    // Test code may await in describe-less helpers and build odd values on purpose.
    files: ['packages/*/test/**/*.ts', 'test/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        URL: 'readonly',
      },
    },
    rules: { 'no-unused-vars': ['error', { varsIgnorePattern: '^_$' }] },
  },
);
