/** Runs the load generator in a process of its own. */
import { fork } from 'node:child_process';
import { entryFile } from '../runtime/entry.js';
import type { LoadPlan, LoadReport } from './load.js';

export function runLoadProcess(plan: LoadPlan): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const child = fork(entryFile('bench/load-process'));
    child.once('message', (report) => resolve(report as LoadReport));
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the load generator ended with ${String(code)}`));
    });
    child.send(plan);
  });
}
