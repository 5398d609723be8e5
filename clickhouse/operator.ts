/** Which dead letters a workspace sees: its own, and the workspace of the operator all of them. */

/** The workspace that a server has without anybody naming one; who administers it runs the server. */
const OPERATOR = 'default';

/** What to name as the workspace when the view `dead_letters` is asked. */
export const letterScope = (workspace: string): string => (workspace === OPERATOR ? '*' : workspace);
