// The program credence-agent.
import { processTerminal, runProgram } from '@credence/sdk/daemon';
import { program } from './cli/program.js';

process.exitCode = await runProgram(program, process.argv.slice(2), processTerminal(process.env));
