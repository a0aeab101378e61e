export { bootHost } from './boot-host.ts';
export type { ExecResult, LabHost, LabOptions } from './lab-host.ts';
export { labUnavailable } from './lab-unavailable.ts';
export { said } from './said.ts';
