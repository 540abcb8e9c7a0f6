// Made by "npm run types" from the specification of the service. Do not edit.
export interface paths {
    "/api/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compare models */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["CompareRequest"];
                };
            };
            responses: {
                /** @description The task has ended (Prefer: wait) */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the datasets, newest first. */
        get: {
            parameters: {
                query?: {
                    deleted?: boolean;
                    page?: number;
                    per_page?: number;
                    search?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a dataset with its statistics and its quality report. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete a dataset. Its file is kept, and the dataset can be restored. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change the texts of a dataset, or how its file is read; the file is then read again. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["DatasetChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/datasets/{dataset_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a deleted dataset. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{dataset_id}/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return one channel, downsampled so that the smallest and the largest value of each bin remain. */
        get: {
            parameters: {
                query?: {
                    channel?: string | null;
                    end?: string | null;
                    points?: number;
                    start?: string | null;
                };
                header?: never;
                path: {
                    dataset_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Series"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Train several models */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["GroupRequest"];
                };
            };
            responses: {
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/groups/{group_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the tasks of a group, and the leaderboard of those that have completed. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    group_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Group"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Say whether the database, the broker and a worker can be used; the status is 503 if one cannot. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Health"];
                    };
                };
                /** @description A part does not work */
                503: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/model-options/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the options of a model, with default, choices and a sentence of help. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelOptions"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the models, newest first. */
        get: {
            parameters: {
                query?: {
                    dataset?: string | null;
                    deleted?: boolean;
                    kind?: string | null;
                    page?: number;
                    per_page?: number;
                    search?: string | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a model with its config, its results and its training curve. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        /** Delete a model. Its run folder is kept, and the model can be restored. */
        delete: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        options?: never;
        head?: never;
        /** Change the name, the notes or the tags of a model. */
        patch: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["ModelChange"];
                };
            };
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelSummary"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        trace?: never;
    };
    "/api/models/{model_id}/download": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the run folder as a zip file, without its checkpoints. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description A zip file */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the report of the run, a page that needs no other file. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description report.html of the run */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{model_id}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Restore a deleted model. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    model_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelSummary"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/predict": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Forecast */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["PredictRequest"];
                };
            };
            responses: {
                /** @description The task has ended (Prefer: wait) */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Count datasets, models and tasks. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Statistics"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the tasks, newest first. */
        get: {
            parameters: {
                query?: {
                    kind?: ("train" | "predict" | "compare") | null;
                    page?: number;
                    per_page?: number;
                    state?: ("queued" | "running" | "completed" | "failed" | "cancelled") | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskPage"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return a task: state, progress, result, error, and its log from the position `since` on. */
        get: {
            parameters: {
                query?: {
                    since?: number;
                };
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel a task. A queued one is cancelled at once; a running one is asked to stop, and killed if it does not. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/result": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Return the result of a completed task; a forecast as rows with quantiles, in JSON or CSV. */
        get: {
            parameters: {
                query?: {
                    format?: "json" | "csv";
                };
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The result */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
                /** @description The task has not completed */
                409: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tasks/{task_id}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a new task like a failed or cancelled one. A training resumes from its checkpoint. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    task_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Not found */
                404: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["HTTPError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/train": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Train a model */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "application/json": components["schemas"]["TrainRequest"];
                };
            };
            responses: {
                /** @description The task has ended (Prefer: wait) */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description Successful response */
                202: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TaskDetail"];
                    };
                };
                /** @description Validation error */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/upload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Upload a file */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: {
                content: {
                    "multipart/form-data": components["schemas"]["UploadRequest"];
                };
            };
            responses: {
                /** @description The same file was uploaded before */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": unknown;
                    };
                };
                /** @description Successful response */
                201: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetDetail"];
                    };
                };
                /** @description File, row, column */
                422: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/problem+json": components["schemas"]["ValidationError"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** CompareRequest */
        CompareRequest: {
            /** Models */
            models: string[];
            /**
             * Reference
             * @description One of the models; seasonal naive if absent.
             * @default null
             */
            reference: string | null;
        };
        /**
         * DatasetChange
         * @description New texts of a dataset, or another reading of its file; null returns to what is inferred.
         */
        DatasetChange: {
            /**
             * Covariates
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Description
             * @default null
             */
            description: string | null;
            /**
             * Domain
             * @default null
             */
            domain: ("traffic" | "electricity" | "weather" | "other") | null;
            /**
             * Frequency
             * @default null
             */
            frequency: string | null;
            /**
             * Id
             * @default null
             */
            id: string[] | null;
            /**
             * Name
             * @default null
             */
            name: string | null;
            /**
             * Target
             * @default null
             */
            target: string[] | null;
            /**
             * Time
             * @default null
             */
            time: string[] | null;
            /**
             * Timezone
             * @default null
             */
            timezone: string | null;
            /**
             * Unit
             * @default null
             */
            unit: string | null;
        };
        /** DatasetDetail */
        DatasetDetail: {
            /** Channels */
            channels: string[];
            /** Created */
            created: number;
            /** Deleted */
            deleted: number | null;
            /** End */
            end: string;
            /** File Name */
            file_name: string;
            /** Frequency */
            frequency: string;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Name */
            name: string;
            /**
             * Options
             * @description How the file is read: keys of the config section `data`.
             */
            options: {
                [key: string]: unknown;
            };
            /**
             * Report
             * @description The quality report, as data_report.json of a run.
             */
            report: {
                [key: string]: unknown;
            };
            /** Rows */
            rows: number;
            /**
             * Size
             * @description Bytes of the file.
             */
            size: number;
            /** Start */
            start: string;
        };
        /** DatasetPage */
        DatasetPage: {
            /** Items */
            items: components["schemas"]["DatasetPage.DatasetSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** DatasetSummary */
        "DatasetPage.DatasetSummary": {
            /** Channels */
            channels: string[];
            /** Created */
            created: number;
            /** Deleted */
            deleted: number | null;
            /** End */
            end: string;
            /** File Name */
            file_name: string;
            /** Frequency */
            frequency: string;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Name */
            name: string;
            /** Rows */
            rows: number;
            /**
             * Size
             * @description Bytes of the file.
             */
            size: number;
            /** Start */
            start: string;
        };
        /** Group */
        Group: {
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Leaderboard */
            leaderboard: components["schemas"]["Group.LeaderboardRow"][];
            /**
             * States
             * @description Number of tasks in each state.
             */
            states: {
                [key: string]: number;
            };
            /** Tasks */
            tasks: components["schemas"]["Group.TaskSummary"][];
        };
        /** LeaderboardRow */
        "Group.LeaderboardRow": {
            /** Kind */
            kind: string;
            /**
             * Model
             * @description An identifier that the service gave.
             */
            model: string;
            /** Name */
            name: string;
            /**
             * Skill Wql
             * @description 1 minus the test WQL divided by that of seasonal naive.
             */
            skill_wql: number | null;
            /**
             * Task
             * @description An identifier that the service gave.
             */
            task: string;
            /** Test Wql */
            test_wql: number | null;
            /**
             * Validation Wql
             * @description Rows are sorted by it; select models by it, not by the test score.
             */
            validation_wql: number | null;
        };
        /** TaskSummary */
        "Group.TaskSummary": {
            /** Advice */
            advice: string | null;
            /** Attempt */
            attempt: number;
            /** Cancel Requested */
            cancel_requested: boolean;
            /** Created */
            created: number;
            /** Dataset */
            dataset: string | null;
            /** Error */
            error: string | null;
            /** Finished */
            finished: number | null;
            /** Group */
            group: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Progress
             * @description Stage, epoch, step and metrics so far.
             */
            progress: {
                [key: string]: unknown;
            };
            /** Retry Of */
            retry_of: string | null;
            /** Started */
            started: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "completed" | "failed" | "cancelled";
        };
        /** GroupRequest */
        GroupRequest: {
            /**
             * Trainings
             * @description The sweep.
             */
            trainings: components["schemas"]["GroupRequest.TrainRequest"][];
        };
        /** BoostedEvaluation */
        "GroupRequest.BoostedEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** BoostedOptions */
        "GroupRequest.BoostedOptions": {
            /**
             * Feature Fraction
             * @description Share of the features that each tree may use.
             * @default 0.7
             */
            feature_fraction: number;
            /**
             * Learning Rate
             * @description Share of each new tree that is added to the forecast.
             * @default 0.1
             */
            learning_rate: number;
            /**
             * Max Rounds
             * @description Maximum number of boosting rounds.
             * @default 400
             */
            max_rounds: number;
            /**
             * Max Rows
             * @description Maximum number of training rows; a larger set of windows is thinned evenly. Validation uses a quarter of it.
             * @default 300000
             */
            max_rows: number;
            /**
             * Min Data In Leaf
             * @description Minimum number of training rows in a leaf.
             * @default 50
             */
            min_data_in_leaf: number;
            /**
             * Num Leaves
             * @description Maximum number of leaves of a tree.
             * @default 63
             */
            num_leaves: number;
            /**
             * Patience
             * @description Boosting stops after this number of rounds without a lower validation error.
             * @default 30
             */
            patience: number;
            /**
             * Seed
             * @description Random seed of the features that each tree may use, and of the horizon steps in the table.
             * @default 0
             */
            seed: number;
        };
        /**
         * CleaningRequest
         * @description How cleaning may act on the data; see `timevis.data.options.CleaningOptions`.
         */
        "GroupRequest.CleaningRequest": {
            /**
             * Day First
             * @default null
             */
            day_first: boolean | null;
            /**
             * Decimal
             * @default null
             */
            decimal: ("point" | "comma") | null;
            /**
             * Missing
             * @default []
             */
            missing: string[];
            /**
             * Outliers
             * @default report
             * @enum {string}
             */
            outliers: "report" | "mask";
        };
        /** LinearEvaluation */
        "GroupRequest.LinearEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** LinearOptions */
        "GroupRequest.LinearOptions": {
            /**
             * Individual
             * @description Fit one map per channel instead of one map for all standardised channels.
             * @default false
             */
            individual: boolean;
            /**
             * Max Windows
             * @description Maximum number of training windows in the fit; a larger set is thinned evenly.
             * @default 200000
             */
            max_windows: number;
            /**
             * Penalties
             * @description Candidate penalties, relative to the mean squared input.
             * @default [
             *       0.0001,
             *       0.001,
             *       0.01,
             *       0.1,
             *       1
             *     ]
             */
            penalties: number[];
            /**
             * Profiles
             * @description Candidate seasons, in rows, for `profile_basis`; 0 reads each value of the context. A seasonal profile needs far fewer parameters. None tries 0 and all seasons that fit into the context at least twice.
             * @default null
             */
            profiles: number[] | null;
        };
        /** LstmEvaluation */
        "GroupRequest.LstmEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** LstmOptions */
        "GroupRequest.LstmOptions": {
            /**
             * Calendar
             * @description Calendar fields that the network reads. None selects those that vary at the frequency of the data.
             * @default null
             */
            calendar: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calendar Size
             * @description Size of the calendar embedding.
             * @default 16
             */
            calendar_size: number;
            /**
             * Cell
             * @description Kind of the recurrent layers.
             * @default lstm
             * @enum {string}
             */
            cell: "lstm" | "gru";
            /**
             * Channel Embedding
             * @description Add an embedding of the channel to the input of the decoder.
             * @default true
             */
            channel_embedding: boolean;
            /**
             * Covariates
             * @description Which covariates the network reads; ``known`` reads those whose future values are known.
             * @default known
             * @enum {string}
             */
            covariates: "known" | "all" | "none";
            /**
             * Dropout
             * @description Before the head, and between layers.
             * @default 0.1
             */
            dropout: number;
            /**
             * Ema Decay
             * @description Decay of the exponential moving average of the weights that forecasts (Polyak and Juditsky, 1992). With 0, the weights of the last step forecast.
             * @default 0.99
             */
            ema_decay: number;
            /**
             * Hidden Size
             * @description Width of the hidden state.
             * @default 128
             */
            hidden_size: number;
            /**
             * Highway
             * @description Add a linear map of the context to every output (the autoregressive part of LSTNet; Lai et al., 2018).
             * @default true
             */
            highway: boolean;
            /**
             * Learning Rate
             * @description Of AdamW.
             * @default 0.002
             */
            learning_rate: number;
            /**
             * Linear Blend
             * @description Combine the forecast with that of `timevis.models.linear.Linear` (Bates and Granger, 1969). The shares of the linear forecast are selected on validation: that of the point by the squared error, that of the quantiles by the pinball loss. The linear forecast is more robust where validation differs from training.
             * @default false
             */
            linear_blend: boolean;
            /**
             * Lr Decay
             * @description Factor of the learning rate in the schedules ``decay`` and ``plateau``.
             * @default 0.8
             */
            lr_decay: number;
            /**
             * Lr Decay Start Epoch
             * @description First epoch after which the schedule ``decay`` lowers the learning rate.
             * @default 3
             */
            lr_decay_start_epoch: number;
            /**
             * Lr Schedule
             * @description ``decay`` multiplies the learning rate by `lr_decay` after every epoch from number `lr_decay_start_epoch` on; ``plateau`` does so when ``val/wql`` has not improved for an epoch.
             * @default decay
             * @enum {string}
             */
            lr_schedule: "constant" | "decay" | "plateau";
            /**
             * Members
             * @description Number of networks whose forecasts are averaged. Number of networks.
             * @default 1
             */
            members: number;
            /**
             * Mixup
             * @description Strength of mixup between training windows, 0 to 1; see `timevis.models.mixup`.
             * @default 0
             */
            mixup: number;
            /**
             * Normalization
             * @description How each window is normalised by its context; see `timevis.models.layers.InstanceNorm`.
             * @default last
             * @enum {string}
             */
            normalization: "none" | "last" | "mean_std" | "revin";
            /**
             * Num Layers
             * @description Number of stacked recurrent layers.
             * @default 1
             */
            num_layers: number;
            /**
             * Point
             * @description The point forecast: the mean of the forecast distribution, its median, or a separate output.
             * @default quantiles
             * @enum {string}
             */
            point: "quantiles" | "median" | "head";
            /**
             * Point Loss
             * @description Loss of the separate output, added to the pinball loss with weight `point_weight`.
             * @default mse
             * @enum {string}
             */
            point_loss: "mse" | "mae" | "huber";
            /**
             * Point Weight
             * @description Weight of the loss of the separate output.
             * @default 1
             */
            point_weight: number;
            /**
             * Segment Length
             * @description Rows that one recurrent step reads or forecasts.
             * @default 24
             */
            segment_length: number;
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay: number;
        };
        /** QwenEvaluation */
        "GroupRequest.QwenEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** QwenOptions */
        "GroupRequest.QwenOptions": {
            /**
             * Bf16
             * @description Train and decode with bfloat16 matrix products on a CPU; ``auto`` does it where the CPU is fast at them.
             * @default auto
             */
            bf16: boolean | "auto";
            /**
             * Calendar
             * @description Fields of the calendar tables. None takes the fields of the backbone, or minute, hour, weekday and month; an empty list takes none.
             * @default null
             */
            calendar: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calibrate Temperature
             * @description Fit a temperature for every decimal place on the validation set.
             * @default true
             */
            calibrate_temperature: boolean;
            /**
             * Calibration Windows
             * @description Approximate number of validation windows for `calibrate`. None takes 256, or 48 for a large backbone.
             * @default null
             */
            calibration_windows: number | null;
            /**
             * Context Loss Weight
             * @description Weight of the loss of the context's digits.
             * @default 1
             */
            context_loss_weight: number;
            /**
             * Decode
             * @description ``sample``, ``greedy`` or ``median``; see `timevis.models.qwen.digits.decoding.decode`.
             * @default sample
             * @enum {string}
             */
            decode: "sample" | "greedy" | "median";
            /**
             * Decode Batch Size
             * @description Sample paths that are decoded together; with a small backbone on a CPU, by each thread.
             * @default auto
             */
            decode_batch_size: number | "auto";
            /**
             * Digits
             * @description Digits per value. None takes the number that the backbone was pretrained with, or 3.
             * @default null
             */
            digits: number | null;
            /**
             * Gradient Checkpointing
             * @description Recompute activations in the backward pass, which saves memory and takes more time.
             * @default false
             */
            gradient_checkpointing: boolean;
            /**
             * Learning Rate
             * @description Of the adapters or weights, and of the tables.
             * @default 0.004
             */
            learning_rate: number;
            /**
             * Num Samples
             * @description Sample paths per window for test and for validation.
             * @default 100
             */
            num_samples: number;
            /**
             * Number Token Loss Weight
             * @description Weights of the ranked probability score and of the Number Token Loss, which are added to the cross-entropy.
             * @default 0
             */
            number_token_loss_weight: number;
            /**
             * Ordinal Loss Weight
             * @description Weights of the ranked probability score and of the Number Token Loss, which are added to the cross-entropy.
             * @default 0
             */
            ordinal_loss_weight: number;
            /**
             * Seed
             * @description Of the sample paths.
             * @default 0
             */
            seed: number;
            /**
             * Separator
             * @description Text between values; must be one token. None takes the backbone's, or no separator.
             * @default null
             */
            separator: string | null;
            /**
             * Shuffle Context
             * @description Permute the context of each window at random, for ablations.
             * @default false
             */
            shuffle_context: boolean;
            /**
             * Table Learning Rate
             * @description Of the adapters or weights, and of the tables.
             * @default 0.004
             */
            table_learning_rate: number;
            /**
             * Tune
             * @description Which weights are trained; see `timevis.models.qwen.backbone.lora.set_trainable`.
             * @default lora
             * @enum {string}
             */
            tune: "lora" | "full" | "head" | "none";
            /**
             * Val Samples
             * @description Sample paths per window for test and for validation.
             * @default 20
             */
            val_samples: number;
            /**
             * Val Windows Per Epoch
             * @description Approximate number of validation windows that are forecast after each epoch; after the fit, all are.
             * @default 40
             */
            val_windows_per_epoch: number;
            /**
             * Warmup
             * @description Share of the training steps in which the learning rates rise.
             * @default 0.05
             */
            warmup: number;
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay: number;
        };
        /** QwenPatchEvaluation */
        "GroupRequest.QwenPatchEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** QwenPatchOptions */
        "GroupRequest.QwenPatchOptions": {
            /**
             * Backbone Learning Rate
             * @description Learning rate of the trained parameters of the backbone.
             * @default 0.001
             */
            backbone_learning_rate: number;
            /**
             * Bf16
             * @description Train and forecast with bfloat16 matrix products on a CPU; ``auto`` does so on a CPU that is fast at them.
             * @default auto
             */
            bf16: boolean | "auto";
            /**
             * Calendar
             * @description Fields of `CALENDAR_FIELDS`, read at the last row of each patch; may be empty.
             * @default null
             */
            calendar: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calendar Size
             * @description Size of the calendar embedding.
             * @default 16
             */
            calendar_size: number;
            /**
             * Dropout
             * @description Applied to the states before the head.
             * @default 0.1
             */
            dropout: number;
            /**
             * Ema Decay
             * @description Decay of the exponential moving average of the weights that forecasts (Polyak and Juditsky, 1992). With 0, the weights of the last step forecast.
             * @default 0.99
             */
            ema_decay: number;
            /**
             * Hidden Size
             * @description Size of the states with the paths ``attention`` and ``none``; a language model defines its own.
             * @default 128
             */
            hidden_size: number;
            /**
             * Learning Rate
             * @description Of AdamW.
             * @default 0.003
             */
            learning_rate: number;
            /**
             * Linear Blend
             * @description Combine the forecast with that of `timevis.models.linear.Linear` (Bates and Granger, 1969). The shares of the linear forecast are selected on validation: that of the point by the squared error, that of the quantiles by the pinball loss. The linear forecast is more robust where validation differs from training.
             * @default false
             */
            linear_blend: boolean;
            /**
             * Lr Decay
             * @description Factor of the learning rate in the schedules ``decay`` and ``plateau``.
             * @default 0.8
             */
            lr_decay: number;
            /**
             * Lr Decay Start Epoch
             * @description First epoch after which the schedule ``decay`` lowers the learning rate.
             * @default 3
             */
            lr_decay_start_epoch: number;
            /**
             * Lr Schedule
             * @description ``decay`` multiplies the learning rate by `lr_decay` after every epoch from number `lr_decay_start_epoch` on; ``plateau`` does so when ``val/wql`` has not improved for an epoch.
             * @default decay
             * @enum {string}
             */
            lr_schedule: "constant" | "decay" | "plateau";
            /**
             * Mixup
             * @description Strength of mixup between training windows, 0 to 1; see `timevis.models.mixup`.
             * @default 0
             */
            mixup: number;
            /**
             * Normalization
             * @description How each window is normalised by its context; see `timevis.models.layers.InstanceNorm`.
             * @default mean_std
             * @enum {string}
             */
            normalization: "none" | "last" | "mean_std" | "revin";
            /**
             * Patch Length
             * @description In rows; the context is extended by one stride with its last value.
             * @default 16
             */
            patch_length: number;
            /**
             * Point
             * @description The point forecast: the mean of the forecast distribution, its median, or a separate output.
             * @default quantiles
             * @enum {string}
             */
            point: "quantiles" | "median" | "head";
            /**
             * Point Loss
             * @description Loss of the separate output, added to the pinball loss with weight `point_weight`.
             * @default mse
             * @enum {string}
             */
            point_loss: "mse" | "mae" | "huber";
            /**
             * Point Weight
             * @description Weight of the loss of the separate output.
             * @default 1
             */
            point_weight: number;
            /**
             * Rank
             * @description Rank of the head ``states``.
             * @default 64
             */
            rank: number;
            /**
             * Readout
             * @description The head: `StateHead`, or `QueryHead`, which needs a backbone with attention.
             * @default states
             * @enum {string}
             */
            readout: "states" | "queries";
            /**
             * Stride
             * @description In rows; the context is extended by one stride with its last value.
             * @default 8
             */
            stride: number;
            /**
             * Tune
             * @description The parameters of the language model that are trained; see `timevis.models.qwen.backbone.lora.set_trainable`. Patch embedding, head and attention block are always trained.
             * @default norms
             * @enum {string}
             */
            tune: "norms" | "lora" | "full" | "none";
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay: number;
        };
        /** SeasonalNaiveEvaluation */
        "GroupRequest.SeasonalNaiveEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** SeasonalNaiveOptions */
        "GroupRequest.SeasonalNaiveOptions": {
            /**
             * Season
             * @description In rows. None selects it.
             * @default null
             */
            season: number | null;
        };
        /** TrainBoosted */
        "GroupRequest.TrainBoosted": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["GroupRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["GroupRequest.BoostedEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "boosted";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["GroupRequest.BoostedOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 5
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default null
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainLinear */
        "GroupRequest.TrainLinear": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["GroupRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["GroupRequest.LinearEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "linear";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["GroupRequest.LinearOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 5
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default null
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainLstm */
        "GroupRequest.TrainLstm": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 128
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["GroupRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 512
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["GroupRequest.LstmEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 300
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "lstm";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["GroupRequest.LstmOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 3
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default 300
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainQwen */
        "GroupRequest.TrainQwen": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 8
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["GroupRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 50
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["GroupRequest.QwenEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 2
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "qwen";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["GroupRequest.QwenOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 3
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default 60
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default 250
             */
            val_batch_size: number | null;
        };
        /** TrainQwenPatch */
        "GroupRequest.TrainQwenPatch": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["GroupRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["GroupRequest.QwenPatchEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 10
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "qwen_patch";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["GroupRequest.QwenPatchOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 3
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default 100
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainRequest */
        "GroupRequest.TrainRequest": components["schemas"]["GroupRequest.TrainSeasonalNaive"] | components["schemas"]["GroupRequest.TrainLinear"] | components["schemas"]["GroupRequest.TrainBoosted"] | components["schemas"]["GroupRequest.TrainLstm"] | components["schemas"]["GroupRequest.TrainQwen"] | components["schemas"]["GroupRequest.TrainQwenPatch"];
        /** TrainSeasonalNaive */
        "GroupRequest.TrainSeasonalNaive": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["GroupRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["GroupRequest.SeasonalNaiveEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "seasonal_naive";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["GroupRequest.SeasonalNaiveOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 5
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default null
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** Health */
        Health: {
            broker: components["schemas"]["Health.Part"];
            database: components["schemas"]["Health.Part"];
            /** Ready */
            ready: boolean;
            /** Version */
            version: string;
            worker: components["schemas"]["Health.Part"];
        };
        /** Part */
        "Health.Part": {
            /**
             * Detail
             * @default
             */
            detail: string;
            /** Ok */
            ok: boolean;
        };
        /**
         * ProblemDetails
         * @description RFC 9457.
         */
        HTTPError: {
            /**
             * Advice
             * @default null
             */
            advice: string | null;
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Errors
             * @default null
             */
            errors: {
                [key: string]: unknown;
            }[] | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        };
        /** ModelChange */
        ModelChange: {
            /**
             * Name
             * @default null
             */
            name: string | null;
            /**
             * Notes
             * @default null
             */
            notes: string | null;
            /**
             * Tags
             * @default null
             */
            tags: string[] | null;
        };
        /** ModelDetail */
        ModelDetail: {
            /** Config */
            config: {
                [key: string]: unknown;
            };
            /** Created */
            created: number;
            /**
             * Dataset
             * @description An identifier that the service gave.
             */
            dataset: string;
            /** Deleted */
            deleted: number | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /** Name */
            name: string;
            /** Notes */
            notes: string;
            /** Results */
            results: {
                [key: string]: unknown;
            };
            /** Summary */
            summary: {
                [key: string]: unknown;
            };
            /** Tags */
            tags: string[];
            /**
             * Task
             * @description An identifier that the service gave.
             */
            task: string;
            /**
             * Training
             * @description Rows of metrics.csv.
             */
            training: {
                [key: string]: unknown;
            }[];
        };
        /** ModelOptions */
        ModelOptions: {
            /** Model */
            model: string;
            /** Options */
            options: components["schemas"]["ModelOptions.ModelOption"][];
        };
        /** ModelOption */
        "ModelOptions.ModelOption": {
            /** Choices */
            choices: unknown[];
            /** Default */
            default: unknown;
            /** Help */
            help: string;
            /**
             * Kind
             * @description What a value may be, in words.
             */
            kind: string;
            /** Name */
            name: string;
        };
        /** ModelPage */
        ModelPage: {
            /** Items */
            items: components["schemas"]["ModelPage.ModelSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** ModelSummary */
        "ModelPage.ModelSummary": {
            /** Created */
            created: number;
            /**
             * Dataset
             * @description An identifier that the service gave.
             */
            dataset: string;
            /** Deleted */
            deleted: number | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /** Name */
            name: string;
            /** Notes */
            notes: string;
            /** Summary */
            summary: {
                [key: string]: unknown;
            };
            /** Tags */
            tags: string[];
            /**
             * Task
             * @description An identifier that the service gave.
             */
            task: string;
        };
        /** ModelSummary */
        ModelSummary: {
            /** Created */
            created: number;
            /**
             * Dataset
             * @description An identifier that the service gave.
             */
            dataset: string;
            /** Deleted */
            deleted: number | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /** Name */
            name: string;
            /** Notes */
            notes: string;
            /** Summary */
            summary: {
                [key: string]: unknown;
            };
            /** Tags */
            tags: string[];
            /**
             * Task
             * @description An identifier that the service gave.
             */
            task: string;
        };
        /** PredictRequest */
        PredictRequest: {
            /**
             * Dataset
             * @description Another dataset with the same columns; the model's own if absent.
             * @default null
             */
            dataset: string | null;
            /** Models */
            models: string[];
            /**
             * Values
             * @description Rows with the time column and the channels of the model.
             * @default null
             */
            values: {
                [key: string]: string | number | boolean | null;
            }[] | null;
        };
        /** Series */
        Series: {
            /** Channel */
            channel: string;
            /**
             * Rows
             * @description Rows in the range.
             */
            rows: number;
            /** Time */
            time: string[];
            /** Value */
            value: (number | null)[];
        };
        /** Statistics */
        Statistics: {
            /** Datasets */
            datasets: number;
            /** Models */
            models: number;
            /**
             * Tasks
             * @description Number of tasks in each state.
             */
            tasks: {
                [key: string]: number;
            };
            /** Uploaded Bytes */
            uploaded_bytes: number;
        };
        /** TaskDetail */
        TaskDetail: {
            /** Advice */
            advice: string | null;
            /** Attempt */
            attempt: number;
            /** Cancel Requested */
            cancel_requested: boolean;
            /** Created */
            created: number;
            /** Dataset */
            dataset: string | null;
            /** Error */
            error: string | null;
            /** Finished */
            finished: number | null;
            /** Group */
            group: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Log
             * @description The log from the position `since` on, at most 64 KiB.
             */
            log: string;
            /** Log Position */
            log_position: number;
            /**
             * Progress
             * @description Stage, epoch, step and metrics so far.
             */
            progress: {
                [key: string]: unknown;
            };
            /**
             * Queue Position
             * @description Tasks that are started before this one, itself included.
             */
            queue_position: number | null;
            /** Request */
            request: {
                [key: string]: unknown;
            };
            /** Result */
            result: {
                [key: string]: unknown;
            };
            /** Retry Of */
            retry_of: string | null;
            /**
             * Seconds Left
             * @description Estimate from the steps so far, of the fit only.
             */
            seconds_left: number | null;
            /** Started */
            started: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "completed" | "failed" | "cancelled";
        };
        /** TaskPage */
        TaskPage: {
            /** Items */
            items: components["schemas"]["TaskPage.TaskSummary"][];
            /** Page */
            page: number;
            /** Per Page */
            per_page: number;
            /** Total */
            total: number;
        };
        /** TaskSummary */
        "TaskPage.TaskSummary": {
            /** Advice */
            advice: string | null;
            /** Attempt */
            attempt: number;
            /** Cancel Requested */
            cancel_requested: boolean;
            /** Created */
            created: number;
            /** Dataset */
            dataset: string | null;
            /** Error */
            error: string | null;
            /** Finished */
            finished: number | null;
            /** Group */
            group: string | null;
            /**
             * Id
             * @description An identifier that the service gave.
             */
            id: string;
            /** Kind */
            kind: string;
            /**
             * Progress
             * @description Stage, epoch, step and metrics so far.
             */
            progress: {
                [key: string]: unknown;
            };
            /** Retry Of */
            retry_of: string | null;
            /** Started */
            started: number | null;
            /**
             * State
             * @enum {string}
             */
            state: "queued" | "running" | "completed" | "failed" | "cancelled";
        };
        /** TrainRequest */
        TrainRequest: components["schemas"]["TrainRequest.TrainSeasonalNaive"] | components["schemas"]["TrainRequest.TrainLinear"] | components["schemas"]["TrainRequest.TrainBoosted"] | components["schemas"]["TrainRequest.TrainLstm"] | components["schemas"]["TrainRequest.TrainQwen"] | components["schemas"]["TrainRequest.TrainQwenPatch"];
        /** BoostedEvaluation */
        "TrainRequest.BoostedEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** BoostedOptions */
        "TrainRequest.BoostedOptions": {
            /**
             * Feature Fraction
             * @description Share of the features that each tree may use.
             * @default 0.7
             */
            feature_fraction: number;
            /**
             * Learning Rate
             * @description Share of each new tree that is added to the forecast.
             * @default 0.1
             */
            learning_rate: number;
            /**
             * Max Rounds
             * @description Maximum number of boosting rounds.
             * @default 400
             */
            max_rounds: number;
            /**
             * Max Rows
             * @description Maximum number of training rows; a larger set of windows is thinned evenly. Validation uses a quarter of it.
             * @default 300000
             */
            max_rows: number;
            /**
             * Min Data In Leaf
             * @description Minimum number of training rows in a leaf.
             * @default 50
             */
            min_data_in_leaf: number;
            /**
             * Num Leaves
             * @description Maximum number of leaves of a tree.
             * @default 63
             */
            num_leaves: number;
            /**
             * Patience
             * @description Boosting stops after this number of rounds without a lower validation error.
             * @default 30
             */
            patience: number;
            /**
             * Seed
             * @description Random seed of the features that each tree may use, and of the horizon steps in the table.
             * @default 0
             */
            seed: number;
        };
        /**
         * CleaningRequest
         * @description How cleaning may act on the data; see `timevis.data.options.CleaningOptions`.
         */
        "TrainRequest.CleaningRequest": {
            /**
             * Day First
             * @default null
             */
            day_first: boolean | null;
            /**
             * Decimal
             * @default null
             */
            decimal: ("point" | "comma") | null;
            /**
             * Missing
             * @default []
             */
            missing: string[];
            /**
             * Outliers
             * @default report
             * @enum {string}
             */
            outliers: "report" | "mask";
        };
        /** LinearEvaluation */
        "TrainRequest.LinearEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** LinearOptions */
        "TrainRequest.LinearOptions": {
            /**
             * Individual
             * @description Fit one map per channel instead of one map for all standardised channels.
             * @default false
             */
            individual: boolean;
            /**
             * Max Windows
             * @description Maximum number of training windows in the fit; a larger set is thinned evenly.
             * @default 200000
             */
            max_windows: number;
            /**
             * Penalties
             * @description Candidate penalties, relative to the mean squared input.
             * @default [
             *       0.0001,
             *       0.001,
             *       0.01,
             *       0.1,
             *       1
             *     ]
             */
            penalties: number[];
            /**
             * Profiles
             * @description Candidate seasons, in rows, for `profile_basis`; 0 reads each value of the context. A seasonal profile needs far fewer parameters. None tries 0 and all seasons that fit into the context at least twice.
             * @default null
             */
            profiles: number[] | null;
        };
        /** LstmEvaluation */
        "TrainRequest.LstmEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** LstmOptions */
        "TrainRequest.LstmOptions": {
            /**
             * Calendar
             * @description Calendar fields that the network reads. None selects those that vary at the frequency of the data.
             * @default null
             */
            calendar: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calendar Size
             * @description Size of the calendar embedding.
             * @default 16
             */
            calendar_size: number;
            /**
             * Cell
             * @description Kind of the recurrent layers.
             * @default lstm
             * @enum {string}
             */
            cell: "lstm" | "gru";
            /**
             * Channel Embedding
             * @description Add an embedding of the channel to the input of the decoder.
             * @default true
             */
            channel_embedding: boolean;
            /**
             * Covariates
             * @description Which covariates the network reads; ``known`` reads those whose future values are known.
             * @default known
             * @enum {string}
             */
            covariates: "known" | "all" | "none";
            /**
             * Dropout
             * @description Before the head, and between layers.
             * @default 0.1
             */
            dropout: number;
            /**
             * Ema Decay
             * @description Decay of the exponential moving average of the weights that forecasts (Polyak and Juditsky, 1992). With 0, the weights of the last step forecast.
             * @default 0.99
             */
            ema_decay: number;
            /**
             * Hidden Size
             * @description Width of the hidden state.
             * @default 128
             */
            hidden_size: number;
            /**
             * Highway
             * @description Add a linear map of the context to every output (the autoregressive part of LSTNet; Lai et al., 2018).
             * @default true
             */
            highway: boolean;
            /**
             * Learning Rate
             * @description Of AdamW.
             * @default 0.002
             */
            learning_rate: number;
            /**
             * Linear Blend
             * @description Combine the forecast with that of `timevis.models.linear.Linear` (Bates and Granger, 1969). The shares of the linear forecast are selected on validation: that of the point by the squared error, that of the quantiles by the pinball loss. The linear forecast is more robust where validation differs from training.
             * @default false
             */
            linear_blend: boolean;
            /**
             * Lr Decay
             * @description Factor of the learning rate in the schedules ``decay`` and ``plateau``.
             * @default 0.8
             */
            lr_decay: number;
            /**
             * Lr Decay Start Epoch
             * @description First epoch after which the schedule ``decay`` lowers the learning rate.
             * @default 3
             */
            lr_decay_start_epoch: number;
            /**
             * Lr Schedule
             * @description ``decay`` multiplies the learning rate by `lr_decay` after every epoch from number `lr_decay_start_epoch` on; ``plateau`` does so when ``val/wql`` has not improved for an epoch.
             * @default decay
             * @enum {string}
             */
            lr_schedule: "constant" | "decay" | "plateau";
            /**
             * Members
             * @description Number of networks whose forecasts are averaged. Number of networks.
             * @default 1
             */
            members: number;
            /**
             * Mixup
             * @description Strength of mixup between training windows, 0 to 1; see `timevis.models.mixup`.
             * @default 0
             */
            mixup: number;
            /**
             * Normalization
             * @description How each window is normalised by its context; see `timevis.models.layers.InstanceNorm`.
             * @default last
             * @enum {string}
             */
            normalization: "none" | "last" | "mean_std" | "revin";
            /**
             * Num Layers
             * @description Number of stacked recurrent layers.
             * @default 1
             */
            num_layers: number;
            /**
             * Point
             * @description The point forecast: the mean of the forecast distribution, its median, or a separate output.
             * @default quantiles
             * @enum {string}
             */
            point: "quantiles" | "median" | "head";
            /**
             * Point Loss
             * @description Loss of the separate output, added to the pinball loss with weight `point_weight`.
             * @default mse
             * @enum {string}
             */
            point_loss: "mse" | "mae" | "huber";
            /**
             * Point Weight
             * @description Weight of the loss of the separate output.
             * @default 1
             */
            point_weight: number;
            /**
             * Segment Length
             * @description Rows that one recurrent step reads or forecasts.
             * @default 24
             */
            segment_length: number;
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay: number;
        };
        /** QwenEvaluation */
        "TrainRequest.QwenEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** QwenOptions */
        "TrainRequest.QwenOptions": {
            /**
             * Bf16
             * @description Train and decode with bfloat16 matrix products on a CPU; ``auto`` does it where the CPU is fast at them.
             * @default auto
             */
            bf16: boolean | "auto";
            /**
             * Calendar
             * @description Fields of the calendar tables. None takes the fields of the backbone, or minute, hour, weekday and month; an empty list takes none.
             * @default null
             */
            calendar: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calibrate Temperature
             * @description Fit a temperature for every decimal place on the validation set.
             * @default true
             */
            calibrate_temperature: boolean;
            /**
             * Calibration Windows
             * @description Approximate number of validation windows for `calibrate`. None takes 256, or 48 for a large backbone.
             * @default null
             */
            calibration_windows: number | null;
            /**
             * Context Loss Weight
             * @description Weight of the loss of the context's digits.
             * @default 1
             */
            context_loss_weight: number;
            /**
             * Decode
             * @description ``sample``, ``greedy`` or ``median``; see `timevis.models.qwen.digits.decoding.decode`.
             * @default sample
             * @enum {string}
             */
            decode: "sample" | "greedy" | "median";
            /**
             * Decode Batch Size
             * @description Sample paths that are decoded together; with a small backbone on a CPU, by each thread.
             * @default auto
             */
            decode_batch_size: number | "auto";
            /**
             * Digits
             * @description Digits per value. None takes the number that the backbone was pretrained with, or 3.
             * @default null
             */
            digits: number | null;
            /**
             * Gradient Checkpointing
             * @description Recompute activations in the backward pass, which saves memory and takes more time.
             * @default false
             */
            gradient_checkpointing: boolean;
            /**
             * Learning Rate
             * @description Of the adapters or weights, and of the tables.
             * @default 0.004
             */
            learning_rate: number;
            /**
             * Num Samples
             * @description Sample paths per window for test and for validation.
             * @default 100
             */
            num_samples: number;
            /**
             * Number Token Loss Weight
             * @description Weights of the ranked probability score and of the Number Token Loss, which are added to the cross-entropy.
             * @default 0
             */
            number_token_loss_weight: number;
            /**
             * Ordinal Loss Weight
             * @description Weights of the ranked probability score and of the Number Token Loss, which are added to the cross-entropy.
             * @default 0
             */
            ordinal_loss_weight: number;
            /**
             * Seed
             * @description Of the sample paths.
             * @default 0
             */
            seed: number;
            /**
             * Separator
             * @description Text between values; must be one token. None takes the backbone's, or no separator.
             * @default null
             */
            separator: string | null;
            /**
             * Shuffle Context
             * @description Permute the context of each window at random, for ablations.
             * @default false
             */
            shuffle_context: boolean;
            /**
             * Table Learning Rate
             * @description Of the adapters or weights, and of the tables.
             * @default 0.004
             */
            table_learning_rate: number;
            /**
             * Tune
             * @description Which weights are trained; see `timevis.models.qwen.backbone.lora.set_trainable`.
             * @default lora
             * @enum {string}
             */
            tune: "lora" | "full" | "head" | "none";
            /**
             * Val Samples
             * @description Sample paths per window for test and for validation.
             * @default 20
             */
            val_samples: number;
            /**
             * Val Windows Per Epoch
             * @description Approximate number of validation windows that are forecast after each epoch; after the fit, all are.
             * @default 40
             */
            val_windows_per_epoch: number;
            /**
             * Warmup
             * @description Share of the training steps in which the learning rates rise.
             * @default 0.05
             */
            warmup: number;
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay: number;
        };
        /** QwenPatchEvaluation */
        "TrainRequest.QwenPatchEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** QwenPatchOptions */
        "TrainRequest.QwenPatchOptions": {
            /**
             * Backbone Learning Rate
             * @description Learning rate of the trained parameters of the backbone.
             * @default 0.001
             */
            backbone_learning_rate: number;
            /**
             * Bf16
             * @description Train and forecast with bfloat16 matrix products on a CPU; ``auto`` does so on a CPU that is fast at them.
             * @default auto
             */
            bf16: boolean | "auto";
            /**
             * Calendar
             * @description Fields of `CALENDAR_FIELDS`, read at the last row of each patch; may be empty.
             * @default null
             */
            calendar: ("minute" | "hour" | "weekday" | "day" | "month")[] | null;
            /**
             * Calendar Size
             * @description Size of the calendar embedding.
             * @default 16
             */
            calendar_size: number;
            /**
             * Dropout
             * @description Applied to the states before the head.
             * @default 0.1
             */
            dropout: number;
            /**
             * Ema Decay
             * @description Decay of the exponential moving average of the weights that forecasts (Polyak and Juditsky, 1992). With 0, the weights of the last step forecast.
             * @default 0.99
             */
            ema_decay: number;
            /**
             * Hidden Size
             * @description Size of the states with the paths ``attention`` and ``none``; a language model defines its own.
             * @default 128
             */
            hidden_size: number;
            /**
             * Learning Rate
             * @description Of AdamW.
             * @default 0.003
             */
            learning_rate: number;
            /**
             * Linear Blend
             * @description Combine the forecast with that of `timevis.models.linear.Linear` (Bates and Granger, 1969). The shares of the linear forecast are selected on validation: that of the point by the squared error, that of the quantiles by the pinball loss. The linear forecast is more robust where validation differs from training.
             * @default false
             */
            linear_blend: boolean;
            /**
             * Lr Decay
             * @description Factor of the learning rate in the schedules ``decay`` and ``plateau``.
             * @default 0.8
             */
            lr_decay: number;
            /**
             * Lr Decay Start Epoch
             * @description First epoch after which the schedule ``decay`` lowers the learning rate.
             * @default 3
             */
            lr_decay_start_epoch: number;
            /**
             * Lr Schedule
             * @description ``decay`` multiplies the learning rate by `lr_decay` after every epoch from number `lr_decay_start_epoch` on; ``plateau`` does so when ``val/wql`` has not improved for an epoch.
             * @default decay
             * @enum {string}
             */
            lr_schedule: "constant" | "decay" | "plateau";
            /**
             * Mixup
             * @description Strength of mixup between training windows, 0 to 1; see `timevis.models.mixup`.
             * @default 0
             */
            mixup: number;
            /**
             * Normalization
             * @description How each window is normalised by its context; see `timevis.models.layers.InstanceNorm`.
             * @default mean_std
             * @enum {string}
             */
            normalization: "none" | "last" | "mean_std" | "revin";
            /**
             * Patch Length
             * @description In rows; the context is extended by one stride with its last value.
             * @default 16
             */
            patch_length: number;
            /**
             * Point
             * @description The point forecast: the mean of the forecast distribution, its median, or a separate output.
             * @default quantiles
             * @enum {string}
             */
            point: "quantiles" | "median" | "head";
            /**
             * Point Loss
             * @description Loss of the separate output, added to the pinball loss with weight `point_weight`.
             * @default mse
             * @enum {string}
             */
            point_loss: "mse" | "mae" | "huber";
            /**
             * Point Weight
             * @description Weight of the loss of the separate output.
             * @default 1
             */
            point_weight: number;
            /**
             * Rank
             * @description Rank of the head ``states``.
             * @default 64
             */
            rank: number;
            /**
             * Readout
             * @description The head: `StateHead`, or `QueryHead`, which needs a backbone with attention.
             * @default states
             * @enum {string}
             */
            readout: "states" | "queries";
            /**
             * Stride
             * @description In rows; the context is extended by one stride with its last value.
             * @default 8
             */
            stride: number;
            /**
             * Tune
             * @description The parameters of the language model that are trained; see `timevis.models.qwen.backbone.lora.set_trainable`. Patch embedding, head and attention block are always trained.
             * @default norms
             * @enum {string}
             */
            tune: "norms" | "lora" | "full" | "none";
            /**
             * Weight Decay
             * @description Of AdamW.
             * @default 0
             */
            weight_decay: number;
        };
        /** SeasonalNaiveEvaluation */
        "TrainRequest.SeasonalNaiveEvaluation": {
            /**
             * Max Windows
             * @description Maximum number of origins; null takes all.
             * @default 500
             */
            max_windows: number | null;
            /**
             * Num Samples
             * @description Sample paths per window, for models that draw them.
             * @default 100
             */
            num_samples: number;
            /**
             * Save Windows
             * @description Evenly spaced windows whose forecasts are saved, in addition to the 8 worst.
             * @default 500
             */
            save_windows: number;
            /**
             * Split
             * @description The part of the data that is scored. Score ``validation`` while you select settings, so that the test score is unbiased.
             * @default test
             * @enum {string}
             */
            split: "test" | "validation";
            /**
             * Stride
             * @description Rows between two forecast origins.
             * @default 1
             */
            stride: number;
            /**
             * Val Windows
             * @description Maximum number of origins of the validation that selects the best weights.
             * @default 200
             */
            val_windows: number | null;
        };
        /** SeasonalNaiveOptions */
        "TrainRequest.SeasonalNaiveOptions": {
            /**
             * Season
             * @description In rows. None selects it.
             * @default null
             */
            season: number | null;
        };
        /** TrainBoosted */
        "TrainRequest.TrainBoosted": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["TrainRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["TrainRequest.BoostedEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "boosted";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["TrainRequest.BoostedOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 5
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default null
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainLinear */
        "TrainRequest.TrainLinear": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["TrainRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["TrainRequest.LinearEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "linear";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["TrainRequest.LinearOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 5
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default null
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainLstm */
        "TrainRequest.TrainLstm": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 128
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["TrainRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 512
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["TrainRequest.LstmEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 300
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "lstm";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["TrainRequest.LstmOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 3
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default 300
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainQwen */
        "TrainRequest.TrainQwen": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 8
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["TrainRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 50
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["TrainRequest.QwenEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 2
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "qwen";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["TrainRequest.QwenOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 3
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default 60
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default 250
             */
            val_batch_size: number | null;
        };
        /** TrainQwenPatch */
        "TrainRequest.TrainQwenPatch": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["TrainRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["TrainRequest.QwenPatchEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 10
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "qwen_patch";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["TrainRequest.QwenPatchOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 3
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default 100
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /** TrainSeasonalNaive */
        "TrainRequest.TrainSeasonalNaive": {
            /**
             * Batch Size
             * @description Windows per training step.
             * @default 64
             */
            batch_size: number;
            /**
             * @description How cleaning may act on the data.
             * @default null
             */
            cleaning: components["schemas"]["TrainRequest.CleaningRequest"] | null;
            /**
             * Context Length
             * @description Rows that the model reads before the forecast origin.
             * @default 168
             */
            context_length: number;
            /**
             * Covariates
             * @description Covariate to known or observed; holiday to a country code.
             * @default null
             */
            covariates: {
                [key: string]: string;
            } | null;
            /**
             * Dataset
             * @description Identifier of a dataset.
             */
            dataset: string;
            /**
             * Eval Batch Size
             * @description Windows per batch of an evaluation.
             * @default 256
             */
            eval_batch_size: number;
            /** @description Which windows are scored. */
            evaluation?: components["schemas"]["TrainRequest.SeasonalNaiveEvaluation"];
            /**
             * Gradient Clip
             * @description Maximum norm of the gradient; null does not clip.
             * @default 1
             */
            gradient_clip: number | null;
            /**
             * Horizon
             * @description Rows that the model forecasts.
             * @default 24
             */
            horizon: number;
            /**
             * Max Epochs
             * @default 20
             */
            max_epochs: number;
            /**
             * Min Steps Per Epoch
             * @description A smaller training part is repeated within an epoch until the epoch has this number of steps.
             * @default 1
             */
            min_steps_per_epoch: number;
            /**
             * @description The forecaster. (enum property replaced by openapi-typescript)
             * @enum {string}
             */
            model: "seasonal_naive";
            /**
             * Name
             * @description Name of the trained model.
             * @default null
             */
            name: string | null;
            /** @description Options of the model. */
            options?: components["schemas"]["TrainRequest.SeasonalNaiveOptions"];
            /**
             * Patience
             * @description Validations without a better ``val/wql`` until early stopping.
             * @default 5
             */
            patience: number;
            /**
             * Season
             * @description Rows of one season.
             * @default null
             */
            season: number | null;
            /**
             * Seed
             * @description Seed of all random numbers of the run.
             * @default 0
             */
            seed: number;
            /**
             * Split
             * @description Shares of training, validation and test; or rows, or dates.
             * @default [
             *       0.7,
             *       0.1,
             *       0.2
             *     ]
             */
            split: (number | string)[];
            /**
             * Steps Per Epoch
             * @description Maximum number of training steps per epoch; null takes the whole training part.
             * @default null
             */
            steps_per_epoch: number | null;
            /**
             * Target
             * @description Channels to forecast; null takes all.
             * @default null
             */
            target: string[] | null;
            /**
             * Train Fraction
             * @description Share of the training windows that is used, the most recent ones.
             * @default 1
             */
            train_fraction: number;
            /**
             * Val Batch Size
             * @description Windows per batch of validation; null takes `eval_batch_size`.
             * @default null
             */
            val_batch_size: number | null;
        };
        /**
         * UploadRequest
         * @description A file with what is known of its data; the texts fill the prompt of language models.
         */
        UploadRequest: {
            /**
             * Description
             * @default null
             */
            description: string | null;
            /**
             * Domain
             * @default null
             */
            domain: ("traffic" | "electricity" | "weather" | "other") | null;
            /**
             * File
             * Format: binary
             * @description CSV, TSV, XLSX, XLS, JSON or Parquet.
             */
            file: string;
            /**
             * Frequency
             * @description For example h, 15min or D.
             * @default null
             */
            frequency: string | null;
            /**
             * Id
             * @description Series column of a long table.
             * @default null
             */
            id: string | null;
            /**
             * Name
             * @default null
             */
            name: string | null;
            /**
             * Time
             * @description Time column; inferred if absent.
             * @default null
             */
            time: string | null;
            /**
             * Timezone
             * @default null
             */
            timezone: string | null;
            /**
             * Unit
             * @default null
             */
            unit: string | null;
        };
        /**
         * ProblemDetails
         * @description RFC 9457.
         */
        ValidationError: {
            /**
             * Advice
             * @default null
             */
            advice: string | null;
            /** Code */
            code: string;
            /** Detail */
            detail: string;
            /**
             * Errors
             * @default null
             */
            errors: {
                [key: string]: unknown;
            }[] | null;
            /** Status */
            status: number;
            /** Title */
            title: string;
            /** Type */
            type: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
