#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// What an agent makes is used at once or kept for long: the space for new objects need not grow to 48 MiB, which V8 would
// not give back. Before anything else is loaded.
setFlagsFromString('--semi-space-growth-factor=1');
await import('../dist/main.js');
