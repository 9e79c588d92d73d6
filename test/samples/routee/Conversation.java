// As conversation.sh, with OkHttp (Debian's libokhttp-java and libokio-java).
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

public class Conversation {
    public static void main(String[] args) throws Exception {
        OkHttpClient client = new OkHttpClient();
        MediaType mediaType = MediaType.parse("application/json");
        RequestBody body = RequestBody.create(mediaType, "{\n \"from\":\"Company Name\",\n \"to\":{\"phone\":\"+30691111111\"},\n \"dialPlan\": {\n \"verbs\":[\n {\n \"type\": \"SAY\",\n \"message\": {\n \"language\": \"en-GB\",\n \"gender\": \"female\",\n \"text\": \"Please enter your four digits service number and then press the pound key.\"\n }\n },\n {\n \"type\":\"PAUSE\",\n \"duration\": 10\n },\n {\n \"type\": \"COLLECT\",\n \"eventUrl\": \"http://www.example.com\",\n \"maxDigits\": 4,\n \"submitOnHash\": true\n }\n ]\n }\n}");
        Request request = new Request.Builder()
            .url(System.getenv("ROUTEE_URL") + "/voice/conversation")
            .post(body)
            .addHeader("authorization", "Bearer " + System.getenv("ROUTEE_TOKEN"))
            .addHeader("content-type", "application/json")
            .addHeader("cache-control", "no-cache")
            .build();
        Response response = client.newCall(request).execute();
        System.out.println(response.body().string());
        System.exit(0);
    }
}
