/** The version of the server, as its package has it. */
export const version = '0.1.0';
