import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.neo4j.configuration.Config;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.kernel.internal.GraphDatabaseAPI;

/**
 * A Neo4j server with Bolt alone: `Neo4jServer HOME PASSWORD`, where HOME holds a `neo4j.conf`.
 *
 * It does what it is told on stdin, a word a line, and says `done` after each: `read-only` makes the database what a
 * follower is, `writable` undoes that. It ends when stdin does, so that no server outlives whoever started it.
 */
public final class Neo4jServer {
    public static void main(String[] words) throws Exception {
        var home = Path.of(words[0]);
        var server = new DatabaseManagementServiceBuilder(home)
                .loadPropertiesFromFile(home.resolve("neo4j.conf"))
                .build();
        server.database("system").executeTransactionally(
                "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED", Map.of("password", words[1]));
        var database = (GraphDatabaseAPI) server.database("neo4j");
        var config = database.getDependencyResolver().resolveDependency(Config.class);
        System.out.println("started");
        var told = new BufferedReader(new InputStreamReader(System.in));
        for (var word = told.readLine(); word != null; word = told.readLine()) {
            var closed = word.equals("read-only") ? Set.of("neo4j") : Set.<String>of();
            config.setDynamic(GraphDatabaseSettings.read_only_databases, closed, "tests");
            System.out.println("done");
        }
        server.shutdown();
    }
}
