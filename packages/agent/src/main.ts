// The program credence-agent.
import { processTerminal, runProgram } from '@credence/sdk/daemon';
import { program } from './cli/program.js';

const terminal = processTerminal({ env: process.env, exit: (code) => process.exit(code) });
process.exitCode = await runProgram(program, process.argv.slice(2), terminal);
